"""Remarks of this project in a LeRobotDataset: which numbers of a state are which observation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from policies.checkpoints.output import WRITER, package_version
from policies.demonstrations.formats.hdf5 import parse_json
from policies.errors import ConfigurationError, DemonstrationError
from policies.pictures.settings import PictureSettings

REMARKS = "meta/zprl_env.json"
"""Their file, which LeRobot passes over."""
_MUST = f"{REMARKS} must be JSON of zprl-env"


@dataclass(frozen=True)
class OwnRemarks:
    """Remarks of a dataset written here, beyond LeRobot's own description.

    Attributes:
        observation_keys: Order of the flat observation.
        parts: Sizes of the observations in a row, by feature and by key.
        env_args: robomimic's description of the environment.
        picture_settings: What frames were made with.
    """

    observation_keys: tuple[str, ...] = ()
    parts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    env_args: Mapping[str, Any] = field(default_factory=dict)
    picture_settings: PictureSettings | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return them as values of JSON."""
        settings = self.picture_settings
        stated = None if settings is None else settings.to_dict()
        return {**asdict(self), "picture_settings": stated, WRITER: package_version()}


def read_remarks(folder: Path, widths: Mapping[str, int]) -> OwnRemarks:
    """Read the remarks of a dataset; empty ones where there are none.

    Args:
        folder: The dataset.
        widths: Numbers in a row of each feature.

    Raises:
        DemonstrationError: They do not fit its features.
    """
    stated = _stated(folder)
    if stated is None:
        return OwnRemarks()
    keys, parts, env_args = (stated.get(name) for name in ("observation_keys", "parts", "env_args"))
    if not (isinstance(keys, list) and _are_parts(parts) and isinstance(env_args, dict)):
        raise DemonstrationError(f"{_MUST}: it needs observation_keys, parts and env_args.")
    parts = {**parts} if isinstance(parts, dict) else {}
    for feature, sizes in parts.items():
        if sum(sizes.values()) != widths.get(feature, 0):
            raise DemonstrationError(
                f"parts of {REMARKS} must make the {widths.get(feature, 0)} numbers of {feature}. "
                f"Got: {sizes}. Remove the file to read the feature as a whole."
            )
    named = [key for sizes in parts.values() for key in sizes]
    if sorted(map(str, keys)) != sorted({*named}) or len(named) != len({*named}):
        raise DemonstrationError(
            f"observation_keys of {REMARKS} must be those of its parts. Got: {keys} and {named}."
        )
    return OwnRemarks(tuple(map(str, keys)), parts, env_args, _pictures(stated))


def read_picture_settings(folder: Path) -> PictureSettings | None:
    """Read what the frames of a dataset were made with; ``None`` where nothing says so.

    Args:
        folder: The dataset.

    Raises:
        DemonstrationError: What is said cannot be.
    """
    return _pictures(_stated(folder) or {})


def _stated(folder: Path) -> dict[str, Any] | None:
    """Return the values of the file, ``None`` if there is none."""
    path = folder / REMARKS
    if not path.is_file():
        return None
    stated = parse_json(path.read_text("utf-8", "replace"), _MUST)
    return stated if isinstance(stated, dict) else {}


def _pictures(stated: Mapping[str, Any]) -> PictureSettings | None:
    settings = stated.get("picture_settings")
    try:
        return None if settings is None else PictureSettings.from_dict(settings)
    except ConfigurationError as error:
        raise DemonstrationError(f"picture_settings of {REMARKS}: {error}") from error


def _are_parts(parts: Any) -> bool:
    """Tell whether something is sizes by key by feature."""
    return isinstance(parts, dict) and all(
        isinstance(sizes, dict) and all(type(n) is int and n > 0 for n in sizes.values())
        for sizes in parts.values()
    )
