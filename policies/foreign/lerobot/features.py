"""Features of a LeRobot policy: what goes in and comes out, by name, kind and shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from policies.checkpoints.plain_json import shown
from policies.errors import CheckpointError

STATE, ENVIRONMENT, VISUAL, ACTION = "STATE", "ENV", "VISUAL", "ACTION"
KINDS = (STATE, ENVIRONMENT, VISUAL, ACTION)
"""Kinds of features that are read; LeRobot's language has no feature, its rewards no policy."""
OBS_STATE, OBS_ENVIRONMENT = "observation.state", "observation.environment_state"
OBS_IMAGE, OBS_IMAGES = "observation.image", "observation.images"
ACTION_NAME = "action"
"""Names that LeRobot's policies look for."""


class Feature(NamedTuple):
    """One input or output of a policy.

    Attributes:
        name: LeRobot's, such as ``observation.state`` or ``observation.images.top``.
        kind: One of `KINDS`.
        shape: Without batch and history; of pictures channels first, ``(3, H, W)``.
    """

    name: str
    kind: str
    shape: tuple[int, ...]

    @property
    def camera(self) -> str:
        """Name of the camera, LeRobot's without its ``observation.images.``.

        >>> Feature("observation.images.wrist_cam", VISUAL, (3, 84, 84)).camera
        'wrist_cam'
        """
        return self.name.removeprefix(f"{OBS_IMAGES}.").removeprefix("observation.")

    def __str__(self) -> str:
        return f"{self.name} {self.shape}"


def read_features(said: Any, source: str, kinds: tuple[str, ...] = KINDS) -> tuple[Feature, ...]:
    """Read features as LeRobot writes them.

    Args:
        said: ``{name: {"type": KIND, "shape": [...]}}``, values of JSON.
        source: What errors call it.
        kinds: Those that may occur.

    Raises:
        CheckpointError: It is no such thing.

    >>> read_features({"action": {"type": "ACTION", "shape": [2]}}, "it")
    (Feature(name='action', kind='ACTION', shape=(2,)),)
    """
    if not isinstance(said, Mapping) or not said:
        raise CheckpointError(f"{source} must name features. Got: {shown(said)}.")
    return tuple(_feature(name, entry, f"{source}, {name}", kinds) for name, entry in said.items())


def _feature(name: str, entry: Any, source: str, kinds: tuple[str, ...]) -> Feature:
    shape: Any = entry.get("shape") if isinstance(entry, Mapping) else None
    sound = isinstance(shape, list) and all(type(n) is int and 0 < n < 2**20 for n in shape)
    if not sound or entry.get("type") not in kinds:
        raise CheckpointError(
            f"{source} must have a type of {', '.join(kinds)} and a shape of positive integers. "
            f"Got: {shown(entry)}."
        )
    feature = Feature(name, entry["type"], tuple(shape))
    if feature.kind == VISUAL and (len(feature.shape) != 3 or feature.shape[0] != 3):
        raise CheckpointError(
            f"{source} must be pictures of shape (3, height, width), channels first. "
            f"Got: {feature.shape}. Depth, grey and channels last are not taken."
        )
    if feature.kind != VISUAL and len(feature.shape) != 1:
        raise CheckpointError(f"{source} must be a flat vector. Got: {feature.shape}.")
    return feature
