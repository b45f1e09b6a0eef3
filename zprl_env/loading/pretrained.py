"""Pretrained base policies that come with the package."""

from __future__ import annotations

from pathlib import Path


def shipped_policies() -> dict[str, Path]:
    """Find the policies that come with the package.

    Returns:
        Checkpoint folders by their task's :attr:`~zprl_env.tasks.Task.slug`, such as ``"lift"``.
    """
    import policies

    root = Path(policies.__file__).parent / "pretrained"
    return {path.parent.name: path.parent for path in sorted(root.glob("*/policy.json"))}
