"""Write demonstrations as a dataset of Minari (https://minari.farama.org).

Minari stores one observation more than actions. Ours end with the last action, so a dataset
written here repeats the last observation in that place.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Protocol

import numpy as np

from policies.checkpoints.output import WRITER, package_version
from policies.demonstrations.formats.minari import FLAT, import_minari
from policies.demonstrations.trajectory import Trajectory
from policies.errors import DemonstrationError


class Episodes(Protocol):
    """Interface of the demonstrations that a dataset is written from."""

    @property
    def trajectories(self) -> tuple[Trajectory, ...]:
        """The episodes."""

    @property
    def env_args(self) -> dict[str, Any]:
        """Robomimic's description of the environment."""

    @property
    def observation_keys(self) -> tuple[str, ...]:
        """The order of the flat observation."""


def write_minari(
    demonstrations: Episodes,
    dataset_id: str,
    *,
    algorithm: str = "demonstrations",
    author: str = "unknown",
) -> None:
    """Write episodes as a new local dataset.

    Args:
        demonstrations: What to write.
        dataset_id: Such as ``"lift/scripted-v0"``.
        algorithm: Who performed them.
        author: Whom to ask about them.

    Raises:
        DemonstrationError: If Minari is missing, or there is such a dataset, or Minari does not
            take the name.
    """
    import gymnasium as gym

    minari = import_minari()
    keys = demonstrations.observation_keys
    first = demonstrations.trajectories[0]
    spaces = {key: _box(first.observations[key]) for key in keys}
    flat = keys == (FLAT,)
    try:
        with warnings.catch_warnings():
            # It recommends to name an environment that Gymnasium can make, and a code's address.
            warnings.simplefilter("ignore", UserWarning)
            dataset = minari.create_dataset_from_buffers(
                dataset_id,
                buffer=[
                    _buffer(trajectory, keys, flat) for trajectory in demonstrations.trajectories
                ],
                observation_space=spaces[FLAT] if flat else gym.spaces.Dict(spaces),
                action_space=_box(first.actions),
                algorithm_name=algorithm,
                author=author,
                author_email="",
                description="Written by zprl-env; the observation after the last action of an "
                "episode was not recorded and repeats the one before it.",
            )
        dataset.storage.update_metadata(
            {
                WRITER: package_version(),
                "zprl_env_args": json.dumps(demonstrations.env_args),
                "zprl_observation_keys": json.dumps(list(keys)),
            }
        )
    except (ValueError, TypeError) as error:
        raise DemonstrationError(
            f"Minari cannot write {dataset_id}: {error} A name looks like lift/scripted-v0."
        ) from error


def _box(values: np.ndarray) -> Any:
    """Make the space of one entry of an array: unbounded, or an image's bytes."""
    import gymnasium as gym

    if values.dtype == np.uint8:
        return gym.spaces.Box(0, 255, values.shape[1:], np.uint8)
    return gym.spaces.Box(-np.inf, np.inf, values.shape[1:], values.dtype.type)


def _buffer(trajectory: Trajectory, keys: Sequence[str], flat: bool) -> Any:
    buffers = import_module("minari.data_collector.episode_buffer")
    padded = {
        key: np.concatenate([trajectory.observations[key], trajectory.observations[key][-1:]])
        for key in keys
    }
    last = np.arange(len(trajectory)) == len(trajectory) - 1
    success = trajectory.success
    # One entry more, as for observations: infos begin with that of reset.
    infos = {"success": np.append(False, last & bool(success))}
    return buffers.EpisodeBuffer(
        observations=padded[FLAT] if flat else padded,
        actions=trajectory.actions,
        rewards=trajectory.rewards,
        terminations=trajectory.dones.astype(bool) & (success is not False),
        truncations=last & (success is False),
        infos=None if success is None else infos,
    )
