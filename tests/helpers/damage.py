"""What happens to files."""

from __future__ import annotations

import random
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


def corrupt(content: bytes, seed: int) -> bytes:
    """Flip bits, cut off the end, or write zeros or noise, mostly where a file describes itself."""
    rng, damaged = random.Random(seed), bytearray(content)
    how = rng.choice(["bit", "bits", "cut", "zeros", "noise"])
    reach = min(len(damaged), 6000) if rng.random() < 0.7 else len(damaged)
    if how == "cut":
        return content[: rng.randrange(len(content))]
    if how in ("bit", "bits"):
        for _ in range(1 if how == "bit" else 20):
            damaged[rng.randrange(reach)] ^= 1 << rng.randrange(8)
    else:
        place = rng.randrange(reach)
        size = min(64, len(damaged) - place)
        damaged[place : place + size] = bytes(size) if how == "zeros" else rng.randbytes(size)
    return bytes(damaged)
