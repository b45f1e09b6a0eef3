"""Demonstrations in robomimic's HDF5 layout, read and written without torch.

``data/demo_i/{obs/<key>, actions, rewards, dones}`` with ``num_samples`` on each episode, ``total``
and ``env_args`` (JSON) on ``data``, and optional lists of episode names under ``mask``
(https://robomimic.github.io/docs/datasets/overview.html).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py
import numpy as np

from policies.errors import DemonstrationError

_EPISODE = re.compile(r"demo_(\d+)")
_ROBOT_KEY = re.compile(r"robot\d+_(eef_pos|eef_quat|gripper_qpos)")


@dataclass(frozen=True)
class Trajectory:
    """One episode; entry t of every array belongs to the same step.

    Attributes:
        observations: What was seen before each action, by key. Shape ``(T, k)`` each.
        actions: Shape ``(T, A)``.
        rewards: Shape ``(T,)``.
        dones: Shape ``(T,)``.

    Raises:
        DemonstrationError: If lengths or shapes do not fit, or a value is not finite.
    """

    observations: dict[str, np.ndarray]
    actions: np.ndarray
    rewards: np.ndarray
    dones: np.ndarray

    def __post_init__(self) -> None:
        steps = len(self.actions)
        if self.actions.ndim != 2 or steps == 0:
            raise DemonstrationError(
                f"actions must have shape (T, A) with T > 0. Got: {self.actions.shape}."
            )
        arrays = {**self.observations, "actions": self.actions}
        for name, array in {**arrays, "rewards": self.rewards, "dones": self.dones}.items():
            dims = 2 if name in arrays else 1
            if array.ndim != dims or len(array) != steps:
                must = f"({steps}, k)" if dims == 2 else f"({steps},)"
                raise DemonstrationError(f"{name} must have shape {must}. Got: {array.shape}.")
            if not np.isfinite(array).all():
                raise DemonstrationError(f"{name} must be finite. Got NaN or infinity.")

    def __len__(self) -> int:
        return len(self.actions)

    def flat_observations(self, keys: Sequence[str]) -> np.ndarray:
        """The keys' values side by side in the given order. Shape ``(T, O)``, float32."""
        return np.concatenate([self.observations[key] for key in keys], axis=1, dtype=np.float32)


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
                return cls(*_read(file, keys, mask))
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
        numbers = [int(name[5:]) for name in self._data if _EPISODE.fullmatch(name)]
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


def _read(
    file: h5py.File, keys: Sequence[str] | None, mask: str | None
) -> tuple[tuple[Trajectory, ...], dict[str, Any], tuple[str, ...]]:
    data = file.get("data")
    if not isinstance(data, h5py.Group):
        raise DemonstrationError(f"there must be a group 'data'. Got: {sorted(file)}.")
    names = sorted((n for n in data if _EPISODE.fullmatch(n)), key=lambda name: int(name[5:]))
    if mask is not None:
        names = _masked(file, names, mask)
    if not names:
        raise DemonstrationError(f"there must be episodes data/demo_0, ... Got: {sorted(data)}.")
    try:
        env_args = json.loads(data.attrs.get("env_args", "{}"))
        stored = json.loads(data.attrs.get("observation_keys", "null"))
    except ValueError as error:
        raise DemonstrationError(f"attributes of 'data' must be JSON: {error}.") from error
    first = data[names[0]]
    if not isinstance(first.get("obs"), h5py.Group):
        raise DemonstrationError(
            f"{names[0]} must have a group 'obs'. Got: {sorted(first)}. Extract observations "
            "first, for example with robomimic's dataset_states_to_obs.py."
        )
    order = tuple(keys or stored or _usual_keys(first["obs"]))
    return tuple(_episode(data[name], order) for name in names), env_args, order


def _masked(file: h5py.File, names: list[str], mask: str) -> list[str]:
    masks = file.get("mask", {})
    if mask not in masks:
        raise DemonstrationError(f"there must be a list mask/{mask}. Got: {sorted(masks)}.")
    listed = {n.decode() if isinstance(n, bytes) else str(n) for n in masks[mask][()]}
    return [name for name in names if name in listed]


def _usual_keys(obs: h5py.Group) -> list[str]:
    vectors = sorted(key for key in obs if getattr(obs[key], "ndim", 0) == 2)
    usual = [key for key in vectors if _ROBOT_KEY.fullmatch(key)]
    if usual and "object" in vectors:
        return [*usual, "object"]
    return vectors


def _episode(group: h5py.Group, keys: Sequence[str]) -> Trajectory:
    name = group.name.rsplit("/", 1)[-1]
    obs = group.get("obs", {})
    missing = [key for key in keys if key not in obs]
    if missing or not keys:
        raise DemonstrationError(
            f"{name} must have the observation keys {list(keys) or '(any vector)'}. "
            f"Got: {sorted(obs)}. Choose others with the argument for observation keys."
        )
    if "actions" not in group:
        raise DemonstrationError(f"{name} must have 'actions'. Got: {sorted(group)}.")
    actions = group["actions"][()].astype(np.float32)
    absent = np.zeros(len(actions), dtype=np.float32)
    try:
        return Trajectory(
            observations={key: obs[key][()].astype(np.float32) for key in keys},
            actions=actions,
            rewards=group.get("rewards", absent)[()].astype(np.float32),
            dones=group.get("dones", absent)[()].astype(bool),
        )
    except DemonstrationError as error:
        raise DemonstrationError(f"{name}: {error}") from error
