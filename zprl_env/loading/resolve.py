"""The one place where a policy given by name or path becomes an object (and torch is imported)."""

from __future__ import annotations

from os import PathLike, fspath
from pathlib import Path
from typing import TypeAlias

from zprl_env.errors import CheckpointError, PolicyMismatchError
from zprl_env.steerable import SteerablePolicy
from zprl_env.tasks import TASKS

PolicyLike: TypeAlias = "SteerablePolicy | str | PathLike[str]"
"""A policy object, a checkpoint folder, the name of a shipped policy, or ``hf://user/repo``."""

HUB = "hf://"
"""What the name of a repository on the Hugging Face hub begins with."""


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
        policy: A policy object, a path, the name of a task that a policy is shipped for, or
            ``hf://user/repo`` (``hf://user/repo@revision``) on the Hugging Face hub.

    Returns:
        The policy.

    Raises:
        CheckpointError: There is no such name or path, or the checkpoint is unusable.
        HubError: The repository cannot be read.
        MissingExtraError: The hub's client is not installed.
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
    slug = TASKS[name].slug if name in TASKS else name.lower()
    path = local_folder(policy) or shipped.get(slug, Path(policy))
    if not path.exists():
        raise CheckpointError(
            f"Expected a checkpoint folder or a shipped policy "
            f"({', '.join(shipped) or 'none is shipped'}). Got: {fspath(policy)!r}."
        )
    from policies.frozen import FrozenPolicy

    return FrozenPolicy.load(path)


def acting_policy(folder: Path) -> SteerablePolicy:
    """Load a checkpoint for acting alone: without torch, where its head allows.

    Args:
        folder: The checkpoint.

    Returns:
        The policy, equal to what :func:`resolve_policy` returns to the bit.

    Raises:
        CheckpointError: The checkpoint is unusable.
    """
    from policies.checkpoints import files as checkpoint_files

    files = checkpoint_files.read(folder)
    if files.config.head == "mlp":
        from policies.compiled_policy import CompiledPolicy

        checkpoint_files.verify(files, folder)
        return CompiledPolicy(files)
    from policies.frozen import FrozenPolicy

    return FrozenPolicy.load(folder)


def local_folder(name: str | PathLike[str]) -> Path | None:
    """Download what ``hf://user/repo`` names; None of a name that is no repository's.

    >>> local_folder("Lift") is None
    True
    """
    text = fspath(name)
    if not text.startswith(HUB):
        return None
    from zprl_env.loading.hub import from_hub

    repo, _, revision = text.removeprefix(HUB).partition("@")
    return from_hub(repo, revision=revision or None)
