"""Summary of a file of demonstrations: its episodes' number, lengths, success and actions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from policies.demonstrations import MINARI, Demonstrations
from policies.demonstrations.content_hash import hash_episodes
from policies.demonstrations.robomimic import (
    episode_names,
    read_env_args,
    read_masks,
    read_success,
    sparse_rewards,
)
from policies.demonstrations.robosuite_versions import robosuite_differences
from policies.errors import DemonstrationError

_EDGE = 1e-3
"""An action this near to the end of its range, as a share of the range, counts as saturated."""


@dataclass(frozen=True)
class Summary:
    """Statistics of demonstrations, whether or not one could train on them.

    Attributes:
        source: File or dataset.
        actions: Actions of each episode. Shape ``(T, A)`` each.
        successes: Outcome of each episode, ``None`` where nobody said.
        observations: Shape and type of one entry of each observation key.
        masks: Number of episodes in each of robomimic's filter keys.
        env_args: robomimic's description of the environment.
        remarks: What else the file says of itself, such as versions.
        notes: What should give a reader pause.
        sha256: Hash of the content; see `policies.demonstrations.content_hash`.
    """

    source: str
    actions: tuple[np.ndarray, ...]
    successes: tuple[bool | None, ...]
    observations: Mapping[str, str]
    masks: Mapping[str, int]
    env_args: Mapping[str, Any]
    remarks: Mapping[str, str]
    notes: Sequence[str]
    sha256: str

    @property
    def lengths(self) -> np.ndarray:
        """Steps of each episode."""
        return np.array([len(actions) for actions in self.actions])


def summarise(source: str) -> Summary:
    """Summarise a file in robomimic's layout, or a Minari dataset.

    Nothing is refused here that training would refuse: images, old conventions, missing
    observations.

    Args:
        source: HDF5 file, or ``"minari:<dataset id>"``.

    Raises:
        DemonstrationError: If there are no demonstrations at all.
    """
    if source.startswith(MINARI):
        return _summarise_minari(source)
    if not Path(source).is_file():
        raise DemonstrationError(f"demonstrations must be an HDF5 file. Got no file at {source}.")
    try:
        with h5py.File(source, "r") as file:
            return _summarise_file(source, file)
    except OSError as error:
        raise DemonstrationError(f"{source} must be a complete HDF5 file: {error}.") from error
    except DemonstrationError as error:
        raise DemonstrationError(f"{source}: {error}") from error


def _summarise_minari(source: str) -> Summary:
    demonstrations = Demonstrations.load(source)
    first = demonstrations.trajectories[0].observations
    return Summary(
        source=source,
        actions=tuple(trajectory.actions for trajectory in demonstrations.trajectories),
        successes=tuple(trajectory.success for trajectory in demonstrations.trajectories),
        observations={key: _entry(values) for key, values in first.items()},
        masks={},
        env_args=demonstrations.env_args,
        remarks={},
        notes=[],
        sha256="-",
    )


def _summarise_file(source: str, file: h5py.File) -> Summary:
    data, names, env_args = file["data"], episode_names(file), read_env_args(file)
    without = [name for name in names if "actions" not in data[name]]
    if without:
        raise DemonstrationError(
            f"{without[0]} must have 'actions'. Got: {sorted(data[without[0]])}."
        )
    sparse = sparse_rewards(env_args)
    successes = [read_success(data[name], sparse) for name in names]
    first = data[names[0]]
    found = hash_episodes(file)
    notes = [f"training refuses it: {text}" for text in robosuite_differences(env_args)[:1]]
    notes += robosuite_differences(env_args)[1:]
    if "obs" not in first:
        notes.append("it has no observations; extract them with robomimic's dataset_states_to_obs")
    if "actions_abs" in first:
        notes.append("it has absolute actions as well, under actions_abs")
    stated = data.attrs.get("sha256")
    if stated is not None and stated != found:
        notes.append(f"its arrays are not those it was sealed with, sha256 {stated}")
    known = ("env_args", "sha256", "total", "observation_keys")
    return Summary(
        source=source,
        actions=tuple(data[name]["actions"][()] for name in names),
        successes=tuple(successes),
        observations={key: _entry(values) for key, values in first.get("obs", {}).items()},
        masks={name: len(listed) for name, listed in read_masks(file).items()},
        env_args=env_args,
        remarks={name: str(value) for name, value in data.attrs.items() if name not in known},
        notes=notes,
        sha256=found,
    )


def _entry(values: Any) -> str:
    """Format shape and type of one entry, such as ``3 float32`` or ``84 x 84 x 3 uint8``."""
    return f"{' x '.join(map(str, values.shape[1:])) or 1} {values.dtype}"


def saturation(actions: np.ndarray) -> np.ndarray:
    """Return the share of steps at which each action is at an end of the range it was seen in.

    Args:
        actions: Shape ``(N, A)``.

    Returns:
        Shape ``(A,)``; zero for an action that never changes.

    Example:
        >>> saturation(np.array([[-1.0, 5.0], [0.0, 5.0], [1.0, 5.0], [1.0, 5.0]]))
        array([0.75, 0.  ])
    """
    low, high = actions.min(0), actions.max(0)
    edge = _EDGE * (high - low)
    at_end = (actions <= low + edge) | (actions >= high - edge)
    return np.where(high > low, at_end.mean(0), 0.0)
