"""Description of a LeRobotDataset, ``meta/info.json``: version, features, rate and places."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from policies.demonstrations.formats.hdf5 import parse_json
from policies.errors import DemonstrationError

INFO = "meta/info.json"
"""File by which a LeRobotDataset is told."""
BOOKKEEPING = ("timestamp", "frame_index", "episode_index", "index", "task_index")
"""Names of the features that count rows, which every dataset has."""
PICTURES = ("image", "video")
"""Types of features that are pictures: PNG in the rows, or a video beside them."""
_VERSION = re.compile(r"v(\d{1,3})\.(\d{1,3})")
_FIELD = re.compile(r"\{(\w+)(?::0(\d)d)?\}")
_NAMES = ("chunk_index", "file_index", "episode_chunk", "episode_index", "video_key")
_CONVERTER = "python -m lerobot.datasets.v30.convert_dataset_v21_to_v30"


class Feature(NamedTuple):
    """A feature: its type, the shape of one step's values, and what they are called.

    Attributes:
        dtype: Such as ``"float32"``, ``"image"`` or ``"video"``.
        shape: Of one step; of pictures ``(H, W, C)``, in whatever order it is stated.
        names: One for each number, where they are stated.
        depth: Whether it is a picture of distances.
    """

    dtype: str
    shape: tuple[int, ...]
    names: tuple[str, ...] = ()
    depth: bool = False

    @property
    def is_picture(self) -> bool:
        """Whether it is a camera's."""
        return self.dtype in PICTURES


@dataclass(frozen=True)
class DatasetInfo:
    """Description of a dataset: what ``meta/info.json`` says, checked.

    Attributes:
        folder: The dataset.
        version: Major and minor number, ``(3, 0)`` or ``(2, 1)``.
        fps: Steps per second.
        features: By name.
        data_path: Place of rows, with fields in braces.
        video_path: Place of videos, likewise; empty where there are none.
        chunks_size: Files in a folder.
        episodes: How many there are said to be.
        frames: How many steps there are said to be.
        splits: Ranges of episodes by name, such as ``{"train": (0, 50)}``.
        robot_type: Name of the robot; empty where nobody said.
    """

    folder: Path
    version: tuple[int, int]
    fps: float
    features: Mapping[str, Feature]
    data_path: str
    video_path: str
    chunks_size: int
    episodes: int
    frames: int
    splits: Mapping[str, tuple[int, int]]
    robot_type: str = ""

    @property
    def is_v3(self) -> bool:
        """Whether many episodes lie in one file."""
        return self.version[0] == 3

    @property
    def cameras(self) -> dict[str, str]:
        """Features of pictures by the camera's name; see `camera_names`."""
        return camera_names([name for name, f in self.features.items() if f.is_picture])

    def place(self, template: str, **fields: Any) -> Path:
        """Return the file that a template names.

        Args:
            template: `data_path` or `video_path`.
            **fields: Values of its fields.
        """
        return self.folder / template.format(**fields)


def camera_names(features: list[str]) -> dict[str, str]:
    """Name cameras by their features, letter for letter.

    >>> camera_names(["observation.images.front_left", "observation.image", "wrist"])
    {'front_left': 'observation.images.front_left', 'image': 'observation.image', 'wrist': 'wrist'}
    """
    found: dict[str, str] = {}
    for feature in features:
        short = feature.removeprefix("observation.images.")
        short = short if short != feature else feature.removeprefix("observation.")
        name = short if short not in (*found, "state", "") else feature
        found[name] = feature
    return found


def read_info(folder: Path) -> DatasetInfo:
    """Read ``meta/info.json``.

    Args:
        folder: The dataset.

    Raises:
        DemonstrationError: It is not JSON, of another version, or says what cannot be.
    """
    text = (folder / INFO).read_text(encoding="utf-8", errors="replace")
    stated = parse_json(text, f"{INFO} must be JSON")
    if not isinstance(stated, dict):
        raise DemonstrationError(f"{INFO} must be an object. Got: {str(stated)[:80]}.")
    version = _version(stated)
    features = {
        str(name): _feature(str(name), value) for name, value in _object(stated, "features").items()
    }
    missing = [name for name in BOOKKEEPING if name not in features]
    if missing:
        raise DemonstrationError(
            f"features of {INFO} must have {', '.join(BOOKKEEPING)}. Got none of: "
            f"{', '.join(missing)}."
        )
    has_videos = any(feature.dtype == "video" for feature in features.values())
    return DatasetInfo(
        folder=folder,
        version=version,
        fps=_rate(stated),
        features=features,
        data_path=_template(stated, "data_path"),
        video_path=_template(stated, "video_path") if has_videos else "",
        chunks_size=_count(stated, "chunks_size", 1000, least=1),
        episodes=_count(stated, "total_episodes"),
        frames=_count(stated, "total_frames"),
        splits=_splits(stated.get("splits")),
        robot_type=str(stated.get("robot_type") or "")[:200],
    )


def _version(stated: Mapping[str, Any]) -> tuple[int, int]:
    said = str(stated.get("codebase_version"))
    match = _VERSION.fullmatch(said)
    version = (int(match[1]), int(match[2])) if match else (0, 0)
    if version[0] == 3 or version in ((2, 0), (2, 1)):
        return version
    older = version < (2, 0)
    raise DemonstrationError(
        f"codebase_version of {INFO} must be v3.x, v2.1 or v2.0. Got: {said[:40]}. "
        + (
            "Convert it with LeRobot's own scripts first."
            if older
            else f"Newer datasets are not known here; see LeRobot's {_CONVERTER} for its kin."
        )
    )


def _feature(name: str, value: Any) -> Feature:
    parts = PurePosixPath(name)
    if not name or parts.is_absolute() or ".." in parts.parts or "\\" in name or "\0" in name:
        raise DemonstrationError(f"names of features must be no paths. Got: {name[:80]!r}.")
    if not isinstance(value, dict) or not isinstance(value.get("shape"), list):
        raise DemonstrationError(f"feature {name} of {INFO} must have a dtype and a shape.")
    shape = value["shape"]
    if not all(type(size) is int and 0 <= size <= 2**24 for size in shape):
        raise DemonstrationError(
            f"the shape of {name} in {INFO} must be numbers of values. Got: {str(shape)[:80]}."
        )
    dtype, names = str(value.get("dtype")), value.get("names")
    if isinstance(names, dict):  # {"motors": [...]}
        names = [n for part in names.values() for n in (part if isinstance(part, list) else [part])]
    names = tuple(map(str, names)) if isinstance(names, list) else ()
    about = value.get("info") or value.get("video_info") or {}
    depth = isinstance(about, dict) and about.get("video.is_depth_map") is True
    if dtype not in PICTURES:
        return Feature(dtype, tuple(shape), names)
    return Feature(dtype, picture_shape(name, tuple(shape), names), names, depth)


def picture_shape(
    name: str, shape: tuple[int, ...], names: tuple[str, ...]
) -> tuple[int, int, int]:
    """Return a picture's shape as ``(H, W, C)``, whichever way round it is stated.

    >>> picture_shape("front", (3, 84, 96), ("channels", "height", "width"))
    (84, 96, 3)
    """
    if len(shape) != 3 or 0 in shape:
        raise DemonstrationError(
            f"pictures must have height, width and channels. Got: {name} of shape {shape}."
        )
    first = names[0].startswith("channel") if len(names) == 3 else shape[2] not in (1, 3, 4)
    if first:
        shape = (shape[1], shape[2], shape[0])
    if shape[2] not in (1, 3, 4):
        raise DemonstrationError(
            f"pictures must have 1, 3 or 4 channels. Got: {name} of shape {shape}"
            f"{f' with names {list(names)}' if names else ''}."
        )
    return shape[0], shape[1], shape[2]


def _rate(stated: Mapping[str, Any]) -> float:
    fps = stated.get("fps")
    if isinstance(fps, bool) or not isinstance(fps, (int, float)) or not 0 < fps <= 10_000:
        raise DemonstrationError(
            f"fps of {INFO} must be the number of steps per second. Got: {str(fps)[:40]}."
        )
    if not math.isfinite(fps):
        raise DemonstrationError(f"fps of {INFO} must be finite. Got: {fps}.")
    return float(fps)


def _template(stated: Mapping[str, Any], name: str) -> str:
    """Check a place with fields: it leads into the dataset, and its fields are plain numbers."""
    said = stated.get(name)
    plain = isinstance(said, str) and "\\" not in said and "\0" not in said
    text = said if isinstance(said, str) else ""
    rest = _FIELD.sub("", text)
    parts = PurePosixPath(text)
    fits = plain and text and not {"{", "}"} & {*rest} and not parts.is_absolute()
    fits = fits and ".." not in parts.parts
    if not fits or any(match[1] not in _NAMES for match in _FIELD.finditer(text)):
        raise DemonstrationError(
            f"{name} of {INFO} must be a place in the dataset with fields of {', '.join(_NAMES)}. "
            f"Got: {str(said)[:120]!r}."
        )
    return text


def _count(stated: Mapping[str, Any], name: str, otherwise: int = -1, least: int = 0) -> int:
    value = stated.get(name, otherwise)
    if type(value) is not int or (value < least and value != otherwise):
        raise DemonstrationError(f"{name} of {INFO} must be a number. Got: {str(value)[:40]}.")
    return int(value)


def _object(stated: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = stated.get(name)
    if not isinstance(value, dict):
        raise DemonstrationError(f"{name} of {INFO} must be an object. Got: {str(value)[:40]}.")
    return value


def _splits(stated: Any) -> dict[str, tuple[int, int]]:
    found = {}
    for name, text in (stated if isinstance(stated, dict) else {}).items():
        match = re.fullmatch(r"(\d{1,12}):(\d{1,12})", str(text))
        if match:
            found[str(name)] = (int(match[1]), int(match[2]))
    return found
