"""Minari's datasets (https://minari.farama.org): read them, and write demonstrations as one.

Minari stores one observation more than actions. Ours end with the last action, so a dataset
written here repeats the last observation in that place.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, Protocol

import numpy as np

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


FLAT = "observation"
"""Key of an observation that has no keys of its own."""
_GYM = 2
"""robomimic's number for Gymnasium's environments in ``env_args["type"]``."""


def read_minari(
    dataset_id: str, keys: Sequence[str] | None = None
) -> tuple[tuple[Trajectory, ...], dict[str, Any], tuple[str, ...]]:
    """Read a local dataset's episodes, its ``env_args`` and the order of its observation keys.

    Args:
        dataset_id: Such as ``"D4RL/door/expert-v2"``; nothing is downloaded.
        keys: Observation keys in order; keys of nested observations are joined by a dot. If None:
            the order we wrote, else all vectors by name.

    Raises:
        DemonstrationError: If Minari or the dataset is missing, or actions or observations are not
            arrays of numbers.
    """
    minari = _import_minari()
    try:
        dataset = minari.load_dataset(dataset_id)
    except FileNotFoundError as error:
        raise DemonstrationError(
            f"there must be a local Minari dataset {dataset_id}. Got: none. See what there is with "
            f"`minari list local`, or fetch it: minari download {dataset_id}."
        ) from error
    except ValueError as error:
        raise DemonstrationError(f"Minari cannot read {dataset_id}: {error}") from error
    metadata = dataset.storage.metadata
    stored = json.loads(metadata.get("zprl_observation_keys", "null"))
    episodes = [(episode, _flatten(episode.observations)) for episode in dataset]
    if not episodes:
        raise DemonstrationError(f"{dataset_id} must hold at least one episode. Got: none.")
    order = tuple(keys or stored or _vectors(episodes[0][1]))
    trajectories = []
    for episode, observations in episodes:
        try:
            trajectories.append(_trajectory(episode, observations, order))
        except DemonstrationError as error:
            raise DemonstrationError(f"{dataset_id}, episode {episode.id}: {error}") from error
    env_args = json.loads(metadata.get("zprl_env_args", "null")) or _env_args(dataset)
    return tuple(trajectories), env_args, order


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

    minari = _import_minari()
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
                "zprl_env_args": json.dumps(demonstrations.env_args),
                "zprl_observation_keys": json.dumps(list(keys)),
            }
        )
    except (ValueError, TypeError) as error:
        raise DemonstrationError(
            f"Minari cannot write {dataset_id}: {error} A name looks like lift/scripted-v0."
        ) from error


def _import_minari() -> Any:
    try:
        return import_module("minari")
    except ImportError as error:
        raise DemonstrationError(
            'minari is needed and not installed; run: pip install "zprl-env[minari]"'
        ) from error


def _flatten(observations: Any, prefix: str = "") -> dict[str, np.ndarray]:
    """Return the arrays of nested dictionaries by their dotted keys; other values are left out."""
    if isinstance(observations, Mapping):
        flat: dict[str, np.ndarray] = {}
        for key, values in observations.items():
            flat |= _flatten(values, f"{prefix}.{key}" if prefix else str(key))
        return flat
    if isinstance(observations, np.ndarray) and observations.dtype.kind in "fiub":
        return {prefix or FLAT: observations}
    return {}


def _vectors(observations: Mapping[str, np.ndarray]) -> list[str]:
    return sorted(key for key, values in observations.items() if values.ndim == 2)


def _trajectory(
    episode: Any, observations: Mapping[str, np.ndarray], keys: Sequence[str]
) -> Trajectory:
    missing = [key for key in keys if key not in observations]
    if missing or not keys:
        raise DemonstrationError(
            f"it must have the observation keys {list(keys) or '(any vector)'}. "
            f"Got: {sorted(observations)}."
        )
    actions = episode.actions
    if not isinstance(actions, np.ndarray) or actions.ndim != 2 or actions.dtype.kind != "f":
        raise DemonstrationError("actions must be vectors of real numbers (a flat Box).")
    steps = len(actions)
    seen = {key: observations[key][:steps] for key in keys}
    return Trajectory(
        observations={
            k: v if v.dtype == np.uint8 else v.astype(np.float32) for k, v in seen.items()
        },
        actions=actions.astype(np.float32),
        rewards=np.asarray(episode.rewards, dtype=np.float32),
        dones=np.asarray(episode.terminations) | np.asarray(episode.truncations),
        success=_success(episode.infos or {}),
    )


def _success(infos: Mapping[str, Any]) -> bool | None:
    for name in ("is_success", "success"):
        if name in infos:
            return bool(np.any(infos[name]))
    return None


def _env_args(dataset: Any) -> dict[str, Any]:
    spec = dataset.env_spec
    if spec is None:
        return {}
    kwargs = json.loads(json.dumps(spec.kwargs, default=str))
    return {"env_name": spec.id, "type": _GYM, "env_kwargs": kwargs}


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
