"""Corrections: what people did in episodes that a policy began, and several files as one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from policies.demonstrations.demonstrations import Demonstrations
from policies.demonstrations.trajectory import Trajectory
from policies.errors import ConfigurationError, DemonstrationError
from policies.pictures.frames import Frames

Of = Literal["people", "all"]
"""Steps to imitate of an episode that a person took over: the person's, or all."""


class SomeFrames:
    """Frames of some steps in a row of an episode, which stay where they are.

    Args:
        frames: Those of the episode.
        begin: First step.
        end: Step after the last one.
    """

    def __init__(self, frames: Frames, begin: int, end: int) -> None:
        self._frames, self._begin = frames, begin
        self.shape = (end - begin, *frames.shape[1:])
        self.dtype = frames.dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> np.ndarray:
        if isinstance(rows, slice):
            start, stop, step = rows.indices(len(self))
            return self._frames[slice(self._begin + start, self._begin + stop, step)]
        return self._frames[self._begin + (rows % len(self))]


def by_people(trajectory: Trajectory) -> Iterator[Trajectory]:
    """Yield the stretches of an episode that a person made; all of it where none was taken over.

    Each is an episode of its own, so that no chunk of actions runs on into the policy's.

    >>> steps = np.arange(5.0)[:, None]
    >>> mine = np.array([False, True, True, False, True])
    >>> episode = Trajectory({"x": steps}, steps, steps[:, 0], mine, by_person=mine)
    >>> [part.actions.ravel().tolist() for part in by_people(episode)]
    [[1.0, 2.0], [4.0]]
    """
    mine = trajectory.by_person
    if mine is None or not mine.any() or mine.all():
        yield trajectory
        return
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mine, [False]]).astype(int)))
    for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        part = slice(begin, end)
        yield replace(
            trajectory,
            observations={key: values[part] for key, values in trajectory.observations.items()},
            actions=trajectory.actions[part],
            rewards=trajectory.rewards[part],
            dones=trajectory.dones[part],
            by_person=mine[part],
            frames={k: SomeFrames(v, begin, end) for k, v in trajectory.frames.items()},
        )


def to_imitate(demonstrations: Demonstrations, of: Of = "people") -> Demonstrations:
    """Return what is to be imitated of demonstrations, of which some may be corrections.

    Args:
        demonstrations: Episodes.
        of: Steps of an episode that a person took over.

    Raises:
        ConfigurationError: There is no such choice.
    """
    if of not in ("people", "all"):
        raise ConfigurationError(f"Steps to imitate must be of people or all. Got: {of!r}.")
    if of == "all":
        return demonstrations
    parts = [part for whole in demonstrations.trajectories for part in by_people(whole)]
    return replace(demonstrations, trajectories=tuple(parts))


def together(
    several: Sequence[Demonstrations], weights: Sequence[float] | None = None
) -> Demonstrations:
    """Put the episodes of several files together.

    Args:
        several: At least one, all of one task.
        weights: How often a step of each is drawn, relative to those of the others; alike if None.

    Returns:
        All episodes, with their weights; everything else is the first one's.

    Raises:
        ConfigurationError: There are not as many weights, or one is not above 0.
        DemonstrationError: Their observations, actions or pictures differ.
    """
    good = all(0.0 < weight < np.inf for weight in weights or ())
    if weights and (len(weights) != len(several) or not good):
        raise ConfigurationError(
            f"weights must be one number above 0 per file of demonstrations, {len(several)}. "
            f"Got: {', '.join(f'{weight:g}' for weight in weights)}."
        )
    first = several[0]
    for other in several[1:]:
        if other.picture_settings != first.picture_settings:
            raise DemonstrationError(
                "pictures must be made with the same settings in all files. Got: "
                f"{first.picture_settings} and {other.picture_settings}."
            )
    trajectories = tuple(
        replace(trajectory, weight=float(weight))
        for part, weight in zip(several, weights or [1.0] * len(several), strict=True)
        for trajectory in part.trajectories
    )
    skipped = {
        f"{name} of file {number}" if number else name: why
        for number, part in enumerate(several)
        for name, why in part.skipped.items()
    }
    return replace(first, trajectories=trajectories, skipped=skipped)
