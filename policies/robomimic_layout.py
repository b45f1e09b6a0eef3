"""Reading episodes out of robomimic's HDF5 layout, whoever wrote it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import h5py
import numpy as np

from policies.errors import DemonstrationError
from policies.trajectory import Trajectory

EPISODE = re.compile(r"demo_(\d+)")
_ROBOT_KEY = re.compile(r"robot\d+_(eef_pos|eef_quat|gripper_qpos)")


def read_episodes(
    file: h5py.File, keys: Sequence[str] | None, mask: str | None
) -> tuple[tuple[Trajectory, ...], dict[str, Any], tuple[str, ...]]:
    """Episodes by number, ``env_args`` and the order of observation keys of an open file.

    Args:
        file: Open for reading.
        keys: Observation keys in order; the file's own choice if None.
        mask: Name of a list of episodes; all if None.

    Raises:
        DemonstrationError: If the file lacks what imitation needs.
    """
    data = file.get("data")
    if not isinstance(data, h5py.Group):
        raise DemonstrationError(f"there must be a group 'data'. Got: {sorted(file)}.")
    names = sorted((n for n in data if EPISODE.fullmatch(n)), key=lambda name: int(name[5:]))
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
