"""Table of the policy classes that checkpoints name, and loading a checkpoint of any of them."""

from __future__ import annotations

import os
import pkgutil
from typing import Any, Protocol

from policies.checkpoints.contents import (
    FIRST_CLASS,
    METADATA_FILE,
    CheckpointContents,
    check_hash,
    read_contents,
)
from policies.checkpoints.plain_json import shown
from policies.errors import CheckpointError, ConfigurationError

CHECKPOINT_CLASSES = {
    FIRST_CLASS: "policies.frozen:FrozenPolicy",
    "ForeignBottleneck": "policies.foreign.stored:FittedForeign",
}
"""Makers of policies by the class that ``policy.json`` names. A checkpoint chooses among these and
nothing else.
"""


class CheckpointClass(Protocol):
    """A policy class that can be made of a checkpoint.

    ``from_checkpoint`` gets the tensors as numpy arrays and the description, both as
    :func:`~policies.checkpoints.contents.save_checkpoint` was given them, and returns a policy.
    """

    def from_checkpoint(self, contents: CheckpointContents) -> Any:
        """Make a policy of a checkpoint's contents; a class method."""
        ...


def load_policy(
    path: str | os.PathLike[str], policy_class: CheckpointClass | type | None = None
) -> Any:
    """Load a policy of whatever class its checkpoint is.

    Args:
        path: Folder with ``policy.safetensors`` and ``policy.json``.
        policy_class: The class, if it is none of `CHECKPOINT_CLASSES`.

    Returns:
        The policy.

    Raises:
        CheckpointError: The folder holds no sound checkpoint, or one of an unknown class.
        ConfigurationError: ``policy_class`` has no ``from_checkpoint``.

    Example:
        >>> from importlib.resources import files
        >>> load_policy(files("policies") / "pretrained" / "lift").latent_dim
        8
    """
    contents = read_contents(path)
    if policy_class is None:
        check_class(contents, CHECKPOINT_CLASSES)
        policy_class = pkgutil.resolve_name(CHECKPOINT_CLASSES[contents.class_name])
    make = getattr(policy_class, "from_checkpoint", None)
    if not callable(make):
        raise ConfigurationError(
            f"A policy class must have a class method from_checkpoint(contents). "
            f"Got: {getattr(policy_class, '__name__', type(policy_class).__name__)} without one."
        )
    if contents.class_name != FIRST_CLASS:  # whose loader knows better what does not fit
        check_hash(contents)
    return make(contents)


def check_class(contents: CheckpointContents, known: dict[str, str] | tuple[str, ...]) -> None:
    """Refuse a checkpoint of a class that is not known.

    Raises:
        CheckpointError: It is of another class.
    """
    if contents.class_name not in known:
        raise CheckpointError(
            f'"class" in {contents.folder / METADATA_FILE} must be one of '
            f"{', '.join(map(repr, known))}. Got: {shown(contents.class_name)}. No name in a "
            "file is ever imported: give the class yourself, by --policy-class module:Class or "
            "policies.load_policy(folder, policy_class=...)."
        )
