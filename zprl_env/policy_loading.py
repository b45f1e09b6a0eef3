"""The one place where a policy given by name or path becomes an object (and torch is imported)."""

from __future__ import annotations

from os import PathLike, fspath
from pathlib import Path
from typing import TypeAlias

from zprl_env.errors import CheckpointError, PolicyMismatchError
from zprl_env.steerable import SteerablePolicy
from zprl_env.tasks import TASKS

PolicyLike: TypeAlias = "SteerablePolicy | str | PathLike[str]"
"""A policy object, the path of a checkpoint folder, or the name of a shipped policy."""


def shipped_policies() -> dict[str, Path]:
    """Find the policies that come with the package.

    Returns:
        Checkpoint folders by their task's :attr:`~zprl_env.tasks.Task.slug`, such as ``"lift"``.
    """
    import policies

    root = Path(policies.__file__).parent / "pretrained"
    return {path.parent.name: path.parent for path in sorted(root.glob("*/policy.json"))}


def resolve_policy(policy: PolicyLike) -> SteerablePolicy:
    """Return a policy object, loading it if it is given by name or path.

    Args:
        policy: A policy object, a path or the name of a task that a policy is shipped for.

    Returns:
        The policy.

    Raises:
        CheckpointError: There is no such name or path, or the checkpoint is unusable.
        PolicyMismatchError: The object lacks members of :class:`SteerablePolicy`.
    """
    if not isinstance(policy, str | PathLike):
        if not isinstance(policy, SteerablePolicy):
            members = [*SteerablePolicy.__annotations__, "encode", "decode"]
            missing = [name for name in members if not hasattr(policy, name)]
            raise PolicyMismatchError(
                f"Expected a SteerablePolicy, a path or a shipped name. "
                f"Got: {type(policy).__name__}, which lacks {', '.join(missing)}."
            )
        return policy
    shipped = shipped_policies()
    name = fspath(policy)
    path = shipped.get(TASKS[name].slug if name in TASKS else name.lower(), Path(policy))
    if not path.exists():
        raise CheckpointError(
            f"Expected a checkpoint folder or a shipped policy "
            f"({', '.join(shipped) or 'none is shipped'}). Got: {fspath(policy)!r}."
        )
    from policies.frozen import FrozenPolicy

    return FrozenPolicy.load(path)
