"""Resolve a policy: an object, a path, a name, an address or ``module:callable``.

The only place where a policy's name becomes an object, and where torch is imported for it.
"""

from __future__ import annotations

from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from policies.commands.suggestions import did_you_mean, nearest
from policies.foreign.addresses import is_address, load_generator
from zprl_env.errors import CheckpointError, ConfigurationError, PolicyMismatchError
from zprl_env.loading.named import HUB, load_object, names_code
from zprl_env.loading.pretrained import shipped_policies
from zprl_env.steerable import SteerablePolicy, faults_of_members
from zprl_env.tasks import TASKS, other_names

if TYPE_CHECKING:
    from policies.foreign.generator import ForeignGenerator

PolicyLike: TypeAlias = "SteerablePolicy | ForeignGenerator | str | PathLike[str]"
"""A policy object, a checkpoint folder, a shipped policy's name, ``hf://user/repo``,
``lerobot:folder``, or ``module:callable`` that returns a policy object. Where an object is asked
for, a generator from elsewhere is one, too (`policies.foreign.generator`)."""


def resolve_policy(policy: PolicyLike, policy_class: str | type | None = None) -> SteerablePolicy:
    """Return a policy object, loading it if it is given by name or path.

    Args:
        policy: A policy object, or a generator from elsewhere; a path; the name of a task that a
            policy is shipped for; ``hf://user/repo`` (``hf://user/repo@revision``) on the Hugging
            Face hub; ``lerobot:folder``; or ``module:callable``, a function or class that is called
            without arguments.
        policy_class: The class of a checkpoint that is of none that is known, or its
            ``module:Class``; see :func:`policies.load_policy`.

    Returns:
        The policy.

    Raises:
        CheckpointError: There is no such name or path, or the checkpoint is unusable.
        ConfigurationError: ``module:callable`` cannot be imported, or a class is given with a
            policy that is no checkpoint.
        HubError: The repository cannot be read.
        MissingExtraError: The hub's client is not installed.
        PolicyMismatchError: The object lacks members of :class:`SteerablePolicy`.

    >>> resolve_policy("math:tau")
    Traceback (most recent call last):
    policies.errors.PolicyMismatchError: Expected a SteerablePolicy from math:tau. Got: float, ...
    """
    foreign = isinstance(policy, str) and is_address(policy)
    if foreign or not isinstance(policy, str | PathLike) or names_code(policy):
        if policy_class is not None:
            raise ConfigurationError(
                f"A policy class must come with a checkpoint's folder or address. Got: {policy!r}. "
                "Leave it out."
            )
        if foreign:
            return _checked(load_generator(fspath(policy)), f"from {policy}")  # type: ignore[arg-type]
        if isinstance(policy, str):
            found = load_object(policy, "policy")
            return _checked(found() if callable(found) else found, f"from {policy}")
        return _checked(policy, "a path or a name")
    path = checkpoint_folder(policy)
    made_by: Any = policy_class
    if isinstance(policy_class, str):
        made_by = load_object(policy_class, "policy class")
    from policies.checkpoints.classes import load_policy

    return _checked(load_policy(path, made_by), f"from {fspath(policy)}")


def checkpoint_folder(policy: str | PathLike[str]) -> Path:
    """Return the folder of a checkpoint, given by path, shipped name or hub address.

    Args:
        policy: As :func:`resolve_policy` takes it, and no name of code.

    Raises:
        CheckpointError: There is no such name or path.
        HubError: The repository cannot be read.

    >>> checkpoint_folder("Lift").name
    'lift'
    """
    shipped, name = shipped_policies(), fspath(policy)
    path = local_folder(policy) or present_folder(policy)
    if path is None:
        names = {**dict(zip(TASKS, TASKS, strict=True)), **other_names()}
        aliases = {n: TASKS[own].slug for n, own in names.items() if TASKS[own].slug in shipped}
        meant = did_you_mean(nearest(name, shipped, aliases))
        raise CheckpointError(
            f"Expected a checkpoint folder or a shipped policy "
            f"({', '.join(shipped) or 'none is shipped'}), hf://user/repo or module:callable. "
            f"Got: {name!r}{'; ' + meant.strip() if meant else '.'}"
        )
    return path


def present_folder(policy: str | PathLike[str]) -> Path | None:
    """Find the folder of a checkpoint that is on this machine by its path or shipped name.

    >>> present_folder("PickPlaceCan").name, present_folder("hf://somebody/something")
    ('can', None)
    """
    name = fspath(policy)
    row = TASKS.get(other_names().get(name, name))
    slug = row.slug if row is not None else name.lower()
    path = shipped_policies().get(slug, Path(policy))
    return path if path.exists() else None


def _checked(policy: Any, where: str) -> SteerablePolicy:
    """Refuse an object that is no policy, and name everything that is wrong with its attributes."""
    generates = hasattr(policy, "embed") and hasattr(policy, "generate")
    if generates and not (isinstance(policy, type) or hasattr(policy, "encode")):
        from policies.foreign.policy import ForeignPolicy

        policy = ForeignPolicy(policy)
    faults = [*faults_of_members(policy)]
    if not faults:
        checked: SteerablePolicy = policy
        return checked
    missing = [name for fault in faults if (name := fault.removesuffix(" is missing")) != fault]
    others = [fault for fault in faults if not fault.endswith(" is missing")]
    told = "; ".join([f"lacks {', '.join(missing)}"] * bool(missing) + others)
    raise PolicyMismatchError(
        f"Expected a SteerablePolicy{' ' if where.startswith('from') else ', '}{where}. "
        f"Got: {type(policy).__name__}, which {told if missing else 'is none: ' + told}."
    )


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
    eyes = files.config.pictures
    if files.config.head == "mlp" and (eyes is None or eyes.encoder == "small"):
        from policies.compiled_policy import CompiledPolicy

        checkpoint_files.verify(files, folder)
        return CompiledPolicy(files)
    from policies.frozen import FrozenPolicy

    return FrozenPolicy.load(folder)


def local_folder(name: str | PathLike[str]) -> Path | None:
    """Download the repository ``hf://user/repo``; None for any other name.

    >>> local_folder("Lift") is None
    True
    """
    text = fspath(name)
    if not text.startswith(HUB):
        return None
    from zprl_env.loading.hub import from_hub

    repo, _, revision = text.removeprefix(HUB).partition("@")
    return from_hub(repo, revision=revision or None)
