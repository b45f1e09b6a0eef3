"""What happens to files."""

from __future__ import annotations

from pathlib import Path


def damage(path: Path, how: str) -> None:
    """Spoil a file."""
    content = path.read_bytes()
    if how == "missing":
        path.unlink()
    elif how == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "foreign":
        path.write_bytes(b"something else altogether")
    else:
        middle = len(content) // 2
        path.write_bytes(content[:middle] + b"\xff" * 64 + content[middle + 64 :])
