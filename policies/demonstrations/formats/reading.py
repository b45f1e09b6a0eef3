"""Reading of an episode: arrays as they are stored become a trajectory, or are refused."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from policies.demonstrations.formats.source import (
    DAMAGE,
    Entry,
    StoredEpisode,
    error_text,
    hint,
    is_image,
    unfit,
)
from policies.demonstrations.trajectory import Trajectory
from policies.errors import DemonstrationError
from policies.pictures.batch import frame_problem
from policies.pictures.frames import Frames, dead_camera

BY_PERSON = "by_person"
"""Array of a robot's episode: whether a person made each step."""


def read_trajectory(
    episode: StoredEpisode,
    keys: Sequence[str],
    actions: str = "actions",
    cameras: Sequence[str] = (),
) -> Trajectory:
    """Read one episode.

    Args:
        episode: The episode.
        keys: Observation keys, in order.
        actions: Name of the array that holds the actions.
        cameras: Cameras whose frames are read, later and in slices; they are looked at now.

    Raises:
        DemonstrationError: It lacks something, or what it holds cannot be imitated.
    """
    if episode.lacks:
        raise DemonstrationError(f"{episode.name} {episode.lacks}")
    missing = [key for key in keys if key not in episode.observations]
    if missing or not (keys or cameras):
        raise DemonstrationError(
            f"{episode.name}: it must have the observation keys {list(keys) or '(any vector)'}. "
            f"Got: {sorted(episode.observations)}. Choose others with the argument for "
            f"observation keys.{hint(missing[0], episode.observations) if missing else ''}"
        )
    if actions not in episode.actions:
        raise DemonstrationError(
            f"{episode.name} must have '{actions}'. Got: {sorted(episode.members)}."
            f"{hint(actions, episode.actions)}"
        )
    try:
        values = read_actions(episode, actions)
        absent = np.zeros(len(values), dtype=np.float32)
        trajectory = Trajectory(
            observations={key: _observation(key, episode.observations[key]) for key in keys},
            actions=values,
            rewards=_column(episode.rewards, np.float32, absent),
            dones=_column(episode.dones, bool, absent.astype(bool)),
            success=episode.success,
            frames=_frames(episode, cameras),
            by_person=_by_person(episode),
        )
        for camera, frames in trajectory.frames.items():
            dead = dead_camera(frames, trajectory.flat_observations(keys))
            if dead:
                raise DemonstrationError(
                    f"camera {camera} {dead}. Leave it out with --cameras, or the episode with "
                    "--skip-bad."
                )
        return trajectory
    except DemonstrationError as error:
        raise DemonstrationError(f"{episode.name}: {error}") from error
    except DAMAGE as error:
        raise DemonstrationError(f"{episode.name} must be whole: {error_text(error)}.") from error


def _by_person(episode: StoredEpisode) -> np.ndarray | None:
    """Read who made each step; None where nobody could take over, or it is no such array."""
    entry = episode.actions.get(BY_PERSON)
    if entry is None or entry.dtype.kind not in "biu" or len(entry.shape) != 1:
        return None
    return np.asarray(entry.read(), bool)


def read_actions(episode: StoredEpisode, name: str = "actions") -> np.ndarray:
    """Read an episode's actions. Shape ``(T, A)``, float32; one number per step is a row of one.

    Raises:
        DemonstrationError: They are no numbers.
    """
    entry = episode.actions[name]
    if entry.unfit or entry.dtype.kind not in "fiub":
        raise DemonstrationError(
            f"{name} must be vectors of real numbers. Got: {entry.unfit or entry.dtype}."
        )
    values = _in_a_row(entry.read())
    with np.errstate(over="ignore"):
        return values.astype(np.float32)


def _observation(key: str, entry: Entry) -> np.ndarray:
    """Read an observation: vectors as float32, images as they are, a byte a pixel."""
    if entry.dtype.kind not in "fiub" or not entry.shape:
        raise DemonstrationError(f"{key} must be numbers for each step. Got: {unfit(key, entry)}.")
    if entry.unfit:
        raise DemonstrationError(f"{key} must be numbers for each step. Got: {entry.unfit}.")
    values = entry.read()
    if not is_image(entry):
        values = _in_a_row(values)
    with np.errstate(over="ignore"):
        return values if values.dtype == np.uint8 and values.ndim > 2 else values.astype(np.float32)


def _frames(episode: StoredEpisode, cameras: Sequence[str]) -> dict[str, Frames]:
    """Open the frames of some cameras, which stay on the disk."""
    there = episode.cameras()
    found: dict[str, Frames] = {}
    for camera in cameras:
        if camera not in there:
            raise DemonstrationError(
                f"there must be frames of camera {camera}. Got: {sorted(there)}."
                f"{hint(camera, there)}"
            )
        entry = there[camera]
        problem = entry.unfit or frame_problem(entry.shape, entry.dtype)
        if problem:
            raise DemonstrationError(f"frames of camera {camera} {problem}")
        if entry.stored is None:
            raise DemonstrationError(
                "frames are read from robomimic's layout alone so far. Write the episodes with "
                "policies.DemonstrationWriter, whose obs/<camera>_image they become."
            )
        found[camera] = entry.stored()
    return found


def _in_a_row(values: np.ndarray) -> np.ndarray:
    """Put what belongs to a step in one row: ``(T,)`` is ``(T, 1)``, ``(T, 4, 4)`` ``(T, 16)``."""
    return values.reshape(len(values), math.prod(values.shape[1:])) if values.ndim != 2 else values


def _column(entry: Entry | None, dtype: Any, absent: np.ndarray) -> np.ndarray:
    """Read one number per step; what is stored as ``(T, 1)`` as well."""
    if entry is None:
        return absent
    values = entry.read()
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    with suppress(TypeError, ValueError):
        return values.astype(dtype)
    raise DemonstrationError(f"rewards and dones must be numbers. Got: {values.dtype}.")
