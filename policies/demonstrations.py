"""Demonstrations in robomimic's HDF5 layout, read and written without torch.

``data/demo_i/{obs/<key>, actions, rewards, dones}`` with ``num_samples`` on each episode, ``total``
and ``env_args`` (JSON) on ``data``, and optional lists of episode names under ``mask``
(https://robomimic.github.io/docs/datasets/overview.html).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py

from policies.errors import DemonstrationError
from policies.robomimic_layout import EPISODE, read_episodes
from policies.trajectory import Trajectory

__all__ = ["DemonstrationWriter", "Demonstrations", "Trajectory"]


@dataclass(frozen=True)
class Demonstrations:
    """Episodes of one task.

    Attributes:
        trajectories: The episodes, in the order of their numbers.
        env_args: robomimic's description of the environment; empty if the file has none.
        observation_keys: The keys that make the flat observation, in this order.
    """

    trajectories: tuple[Trajectory, ...]
    env_args: dict[str, Any]
    observation_keys: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.trajectories:
            raise DemonstrationError("demonstrations must hold at least one episode. Got: none.")
        sizes = {(tuple(self.key_dims(t).items()), t.actions.shape[1]) for t in self.trajectories}
        if len(sizes) > 1:
            raise DemonstrationError(
                f"all episodes must have the same observation and action sizes. Got: {sizes}."
            )

    @property
    def observation_dims(self) -> dict[str, int]:
        """Size of each observation key, in order."""
        return self.key_dims(self.trajectories[0])

    def key_dims(self, trajectory: Trajectory) -> dict[str, int]:
        """Size of each observation key in one episode."""
        missing = [key for key in self.observation_keys if key not in trajectory.observations]
        if missing:
            raise DemonstrationError(
                f"observations must have the keys {list(self.observation_keys)}. "
                f"Got: {sorted(trajectory.observations)}."
            )
        return {key: trajectory.observations[key].shape[1] for key in self.observation_keys}

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        keys: Sequence[str] | None = None,
        mask: str | None = None,
    ) -> Demonstrations:
        """Read a file written here or by robomimic.

        Args:
            path: HDF5 file.
            keys: Observation keys to read, in order. If None: the order stored in the file; else
                robomimic's usual state keys (each robot's ``eef_pos``, ``eef_quat`` and
                ``gripper_qpos``, then ``object``); else all vectors by name.
            mask: Read only the episodes listed under ``mask/<name>``, such as ``"train"``.

        Raises:
            DemonstrationError: If the file is missing, not HDF5, or lacks what imitation needs.
        """
        if not Path(path).is_file():
            raise DemonstrationError(f"demonstrations must be an HDF5 file. Got no file at {path}.")
        try:
            with h5py.File(path, "r") as file:
                return cls(*read_episodes(file, keys, mask))
        except OSError as error:
            raise DemonstrationError(f"{path} must be a complete HDF5 file: {error}.") from error
        except DemonstrationError as error:
            raise DemonstrationError(f"{path}: {error}") from error

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all episodes to a new file, replacing an old one.

        Raises:
            DemonstrationError: If the file cannot be written.
        """
        Path(path).unlink(missing_ok=True)
        with DemonstrationWriter(path, self.env_args, self.observation_keys) as writer:
            for trajectory in self.trajectories:
                writer.append(trajectory)


class DemonstrationWriter:
    """Appends episodes to a file; whatever happens later, written episodes stay readable.

    Args:
        path: HDF5 file. Episodes are added to an existing one of the same environment.
        env_args: robomimic's description of the environment.
        observation_keys: Order of the flat observation.

    Raises:
        DemonstrationError: If the file cannot be opened, or holds another environment's episodes.

    Example:
        >>> import tempfile
        >>> import numpy as np
        >>> step = Trajectory({"x": np.zeros((2, 1))}, np.ones((2, 1)), np.zeros(2), np.zeros(2))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with DemonstrationWriter(f"{folder}/demo.hdf5", {"env_name": "Toy"}, ["x"]) as out:
        ...         out.append(step)
        ...     len(Demonstrations.load(f"{folder}/demo.hdf5").trajectories)
        1
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        env_args: Mapping[str, Any],
        observation_keys: Sequence[str],
    ) -> None:
        attributes = {
            "env_args": json.dumps(dict(env_args)),
            "observation_keys": json.dumps(list(observation_keys)),
        }
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            self._file = h5py.File(path, "a")
        except OSError as error:
            raise DemonstrationError(f"cannot write demonstrations to {path}: {error}.") from error
        self._keys = tuple(observation_keys)
        self._data = self._file.require_group("data")
        for name, value in attributes.items():
            old = self._data.attrs.get(name, value)
            if json.loads(old) != json.loads(value):
                self.close()
                raise DemonstrationError(
                    f"{path} already holds episodes with {name} {old}. Got: {value}. "
                    "Write to another file."
                )
            self._data.attrs[name] = value
        self._data.attrs.setdefault("total", 0)
        self._file.flush()

    def append(self, trajectory: Trajectory) -> None:
        """Write one episode to the disk.

        Raises:
            DemonstrationError: If the episode lacks an observation key.
        """
        for key in self._keys:
            if key not in trajectory.observations:
                raise DemonstrationError(
                    f"observations must have the keys {list(self._keys)}. "
                    f"Got: {sorted(trajectory.observations)}."
                )
        # Readers see the episode only under its final name, that is when it is complete.
        self._data.pop("unfinished", None)
        group = self._data.create_group("unfinished")
        group.attrs["num_samples"] = len(trajectory)
        for key, values in trajectory.observations.items():
            group.create_dataset(f"obs/{key}", data=values)
        for name in ("actions", "rewards", "dones"):
            group.create_dataset(name, data=getattr(trajectory, name))
        numbers = [int(name[5:]) for name in self._data if EPISODE.fullmatch(name)]
        self._data.move("unfinished", f"demo_{max(numbers, default=-1) + 1}")
        self._data.attrs["total"] = int(self._data.attrs["total"]) + len(trajectory)
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
