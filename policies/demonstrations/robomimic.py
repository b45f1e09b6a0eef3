"""Read episodes out of robomimic's HDF5 layout, whoever wrote it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import h5py
import numpy as np

from policies.demonstrations.trajectory import Trajectory
from policies.errors import DemonstrationError

EPISODE = re.compile(r"demo_(\d+)")
_ROBOT_KEY = re.compile(r"robot\d+_(eef_pos|eef_quat|gripper_qpos)")
_ROBOSUITE = 1
"""robomimic's number for robosuite's environments in ``env_args["type"]``."""


def read_episodes(
    file: h5py.File, keys: Sequence[str] | None, mask: str | None, actions: str = "actions"
) -> tuple[tuple[Trajectory, ...], dict[str, Any], tuple[str, ...]]:
    """Read an open file's episodes by number, its ``env_args`` and the order of its keys.

    Args:
        file: Open for reading.
        keys: Observation keys in order, images among them; the file's own choice if None.
        mask: Name of a list of episodes; all if None.
        actions: Which dataset holds the actions, such as robomimic's ``"actions_abs"``.

    Raises:
        DemonstrationError: If the file lacks what imitation needs.
    """
    names = episode_names(file, mask)
    env_args = read_env_args(file)
    stored = _read_json(file, "observation_keys", None)
    first = file["data"][names[0]]
    if not isinstance(first.get("obs"), h5py.Group):
        raise DemonstrationError(
            f"{names[0]} must have a group 'obs'. Got: {sorted(first)}. Extract observations "
            "first, for example with robomimic's dataset_states_to_obs.py."
        )
    order = tuple(keys or stored or _usual_keys(first["obs"]))
    sparse = sparse_rewards(env_args)
    episodes = (_episode(file["data"][name], order, actions, sparse) for name in names)
    return tuple(episodes), env_args, order


def episode_names(file: h5py.File, mask: str | None = None) -> list[str]:
    """Return the names of the episodes by number: all, or those of a list under ``mask``.

    Raises:
        DemonstrationError: If there are none, or no such list.
    """
    data = file.get("data")
    if not isinstance(data, h5py.Group):
        raise DemonstrationError(f"there must be a group 'data'. Got: {sorted(file)}.")
    names = sorted((n for n in data if EPISODE.fullmatch(n)), key=lambda name: int(name[5:]))
    if not names:
        raise DemonstrationError(f"there must be episodes data/demo_0, ... Got: {sorted(data)}.")
    if mask is None:
        return names
    masks = read_masks(file)
    if mask not in masks:
        raise DemonstrationError(f"there must be a list mask/{mask}. Got: {sorted(masks)}.")
    listed = [name for name in names if name in masks[mask]]
    if not listed:
        raise DemonstrationError(
            f"mask/{mask} must name episodes of the file. Got: {sorted(masks[mask])[:5]}."
        )
    return listed


def read_masks(file: h5py.File) -> dict[str, set[str]]:
    """Read robomimic's filter keys: names of episodes by list."""
    return {
        name: {n.decode() if isinstance(n, bytes) else str(n) for n in listed[()]}
        for name, listed in file.get("mask", {}).items()
    }


def read_env_args(file: h5py.File) -> dict[str, Any]:
    """Read robomimic's description of the environment; empty if the file has none.

    Raises:
        DemonstrationError: If it is not JSON.
    """
    env_args: dict[str, Any] = _read_json(file, "env_args", {})
    return env_args


def sparse_rewards(env_args: dict[str, Any]) -> bool:
    """Tell whether robosuite's reward was 1 exactly where the task was done."""
    shaped = env_args.get("env_kwargs", {}).get("reward_shaping", False)
    return env_args.get("type") == _ROBOSUITE and not shaped


def read_success(group: h5py.Group, sparse: bool) -> bool | None:
    """Read an episode's success, by its own word or its sparse rewards; None if unsaid."""
    if "success" in group.attrs:
        return bool(group.attrs["success"])
    if sparse and "rewards" in group:
        rewards = group["rewards"][()]
        if np.isin(rewards, (0.0, 1.0)).all():
            return bool(rewards.any())
    return None


def _read_json(file: h5py.File, name: str, default: Any) -> Any:
    try:
        return json.loads(file["data"].attrs.get(name, "null")) or default
    except ValueError as error:
        raise DemonstrationError(f"attributes of 'data' must be JSON: {error}.") from error


def _usual_keys(obs: h5py.Group) -> list[str]:
    vectors = sorted(key for key in obs if getattr(obs[key], "ndim", 0) == 2)
    usual = [key for key in vectors if _ROBOT_KEY.fullmatch(key)]
    if usual and "object" in vectors:
        return [*usual, "object"]
    return vectors


def _episode(group: h5py.Group, keys: Sequence[str], actions: str, sparse: bool) -> Trajectory:
    name = group.name.rsplit("/", 1)[-1]
    obs = group.get("obs", {})
    missing = [key for key in keys if key not in obs]
    if missing or not keys:
        raise DemonstrationError(
            f"{name} must have the observation keys {list(keys) or '(any vector)'}. "
            f"Got: {sorted(obs)}. Choose others with the argument for observation keys."
        )
    if actions not in group:
        raise DemonstrationError(f"{name} must have '{actions}'. Got: {sorted(group)}.")
    values = group[actions][()].astype(np.float32)
    absent = np.zeros(len(values), dtype=np.float32)
    try:
        return Trajectory(
            observations={key: _observation(obs[key]) for key in keys},
            actions=values,
            rewards=group.get("rewards", absent)[()].astype(np.float32),
            dones=group.get("dones", absent)[()].astype(bool),
            success=read_success(group, sparse),
        )
    except DemonstrationError as error:
        raise DemonstrationError(f"{name}: {error}") from error


def _observation(dataset: h5py.Dataset) -> np.ndarray:
    """Convert a vector to float32; images stay, for a pixel's byte takes a quarter of that."""
    values: np.ndarray = dataset[()]
    return values if values.dtype == np.uint8 else values.astype(np.float32)
