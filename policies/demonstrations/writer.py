"""Write episodes in robomimic's HDF5 layout, one at a time."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py
import numpy as np

from policies.checkpoints.output import WRITER, package_version
from policies.demonstrations.content_hash import hash_episodes
from policies.demonstrations.formats.robomimic import EPISODE
from policies.demonstrations.formats.source import IMAGE
from policies.demonstrations.trajectory import Trajectory
from policies.errors import DemonstrationError
from policies.pictures.frames import Frames
from policies.pictures.settings import ATTRIBUTE, PictureSettings

BLOCK = 64
"""Frames that are in memory at once while they are written."""


class DemonstrationWriter:
    """Writer that appends episodes to a file; written ones stay readable, whatever happens.

    Args:
        path: HDF5 file, or memory for one. Episodes are added to an existing one of the same
            environment.
        env_args: robomimic's description of the environment.
        observation_keys: Order of the flat observation.
        picture_settings: What the episodes' frames were made with, if they have some.

    Raises:
        DemonstrationError: If the file cannot be opened, or holds another environment's episodes.

    Example:
        >>> import tempfile
        >>> import numpy as np
        >>> step = Trajectory({"x": np.zeros((2, 1))}, np.ones((2, 1)), np.zeros(2), np.zeros(2))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with DemonstrationWriter(f"{folder}/demo.hdf5", {"env_name": "Toy"}, ["x"]) as out:
        ...         out.append(step)
        ...     with h5py.File(f"{folder}/demo.hdf5") as file:
        ...         sorted(file["data"])
        ['demo_0']
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | BytesIO,
        env_args: Mapping[str, Any],
        observation_keys: Sequence[str],
        picture_settings: PictureSettings | None = None,
    ) -> None:
        attributes = {
            "env_args": json.dumps(dict(env_args)),
            "observation_keys": json.dumps(list(observation_keys)),
        }
        if picture_settings is not None:
            attributes[ATTRIBUTE] = picture_settings.to_json()
        try:
            if not isinstance(path, BytesIO):
                Path(path).parent.mkdir(parents=True, exist_ok=True)
            self._file = h5py.File(path, "a")
        except OSError as error:
            raise DemonstrationError(f"cannot write demonstrations to {path}: {error}.") from error
        self._keys, self._pictures = tuple(observation_keys), picture_settings
        self._data = self._file.require_group("data")
        for name, value in attributes.items():
            old = self._data.attrs.get(name, value)
            if not _same(old, value):
                self.close()
                raise DemonstrationError(
                    f"{path} already holds episodes with {name} {old}. Got: {value}. "
                    "Write to another file."
                )
            self._data.attrs[name] = value
        self._data.attrs.setdefault("total", 0)
        self._file.flush()

    def append(self, trajectory: Trajectory, **attributes: Any) -> None:
        """Write one episode to the disk.

        Args:
            trajectory: The episode.
            **attributes: Remarks on it, of kinds that HDF5 knows.

        Raises:
            DemonstrationError: If the episode lacks an observation key.
        """
        for key in self._keys:
            if key not in trajectory.observations:
                raise DemonstrationError(
                    f"observations must have the keys {list(self._keys)}. "
                    f"Got: {sorted(trajectory.observations)}."
                )
        due = () if self._pictures is None else self._pictures.cameras
        if {*due} != {*trajectory.frames}:
            raise DemonstrationError(
                f"an episode must have frames of the cameras {list(due)}, as the picture settings "
                f"of the file say. Got: {sorted(trajectory.frames)}."
            )
        # Readers see the episode only under its final name, that is when it is complete.
        self._data.pop("unfinished", None)
        group = self._data.create_group("unfinished")
        group.attrs["num_samples"] = len(trajectory)
        if trajectory.success is not None:
            group.attrs["success"] = trajectory.success
        group.attrs.update(attributes)
        for key, values in trajectory.observations.items():
            group.create_dataset(f"obs/{key}", data=values)
        for camera, frames in trajectory.frames.items():
            _write_frames(group, f"obs/{camera}{IMAGE}", frames)
        for name in ("actions", "rewards", "dones"):
            group.create_dataset(name, data=getattr(trajectory, name))
        numbers = [int(name[5:]) for name in self._data if EPISODE.fullmatch(name)]
        self._data.move("unfinished", f"demo_{max(numbers, default=-1) + 1}")
        self._data.attrs["total"] = int(self._data.attrs["total"]) + len(trajectory)
        self._file.flush()

    def seal(self, **attributes: Any) -> None:
        """List successes and failures as robomimic's masks and state the content's hash.

        Args:
            **attributes: Remarks on the whole file, written as JSON.
        """
        outcomes: dict[str, list[str]] = {"success": [], "failure": []}
        names = [name for name in self._data if EPISODE.fullmatch(name)]
        for name in sorted(names, key=lambda name: int(name[5:])):
            success = self._data[name].attrs.get("success")
            if success is not None:
                outcomes["success" if success else "failure"].append(name)
        masks = self._file.require_group("mask")
        for kind, listed in outcomes.items():
            masks.pop(kind, None)
            if listed:
                masks[kind] = np.array(listed, dtype="S")
        for name, value in attributes.items():
            self._data.attrs[name] = json.dumps(value)
        self._data.attrs[WRITER] = package_version()
        self._data.attrs["sha256"] = hash_episodes(self._file)
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> DemonstrationWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _write_frames(group: h5py.Group, name: str, frames: Frames) -> None:
    """Write frames, each compressed for itself, so that any of them is read alone."""
    dataset = group.create_dataset(
        name,
        shape=tuple(frames.shape),
        dtype=np.uint8,
        chunks=(1, *frames.shape[1:]),
        compression="gzip",
        compression_opts=2,
    )
    for begin in range(0, len(frames), BLOCK):
        dataset[begin : begin + BLOCK] = frames[begin : begin + BLOCK]


def _same(old: Any, new: str) -> bool:
    """Tell whether two texts are the same JSON; the old one may be anything."""
    try:
        return bool(json.loads(old) == json.loads(new))
    except (TypeError, ValueError, RecursionError):
        return False
