"""Scripted expert for Adroit's pen: practised motions, chosen by the target orientation."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np

from zprl_env.experts.quality import Quality

LIBRARY = "pen.json"
SEEN_EVERY = 5  # control steps between the directions that a motion remembers
SIMILAR = 0.95  # cosine between pen and target from which the task's criterion holds
DROPPED = 0.15  # height below which the pen has left the hand [m]
METRES_PER_RADIAN = 0.05  # the operator's error is stated for an area of 5 cm; here it is 1 rad
ERROR_SCALE = 1.2

Plan = Generator[np.ndarray, None, None]


class Motion(NamedTuple):
    """A practised motion of the fingers, and its effect on the pen.

    Every episode begins with the same hand and the same pen, so it does the same every time.

    Attributes:
        durations: Control steps from each posture to the next. Shape ``(K,)``.
        postures: Goals of wrist, fingers and thumb. Shape ``(K, 24)``. [rad]
        axes: Where the pen points, every `SEEN_EVERY` steps; zero where it is out of place.
            Shape ``(N, 3)``.
    """

    durations: np.ndarray
    postures: np.ndarray
    axes: np.ndarray

    def joints(self, steps: int) -> np.ndarray:
        """Return the joints' goals after each control step, the first after one.

        Args:
            steps: How many.

        Returns:
            Straight ways from posture to posture, then the last one. Shape ``(steps, 24)``.
        """
        corners = np.concatenate([np.zeros((1, self.postures.shape[1])), self.postures])
        times = np.concatenate([[0.0], np.cumsum(self.durations)])
        ticks = np.arange(1, steps + 1)
        return np.stack([np.interp(ticks, times, column) for column in corners.T], axis=1)

    def suits(self, target: np.ndarray) -> float:
        """Score how long and how well this motion points the pen at a target."""
        return float(np.maximum(self.axes @ target - SIMILAR, 0.0).sum()) + 1e-3 * float(
            (self.axes @ target).max()
        )


def to_document(motions: Sequence[Motion]) -> dict[str, list]:
    """Convert motions to the JSON document that `from_document` reads."""
    return {
        "motions": [{name: value.tolist() for name, value in m._asdict().items()} for m in motions]
    }


def from_document(document: Mapping[str, list]) -> list[Motion]:
    """Return the motions of a JSON document.

    >>> motion = Motion(np.array([30]), np.zeros((1, 24)), np.zeros((2, 3)))
    >>> from_document(to_document([motion]))[0].joints(150).shape
    (150, 24)
    """
    return [
        Motion(**{name: np.array(value) for name, value in m.items()}) for m in document["motions"]
    ]


@cache
def practised_motions() -> list[Motion]:
    """Return the shipped motions, of the kind that `zprl_env.experts.adroit.pen_search` finds."""
    text = files("zprl_env.experts.adroit").joinpath(LIBRARY).read_text(encoding="utf-8")
    return from_document(json.loads(text))


class PenPlan:
    """Choose the motion that suits the target as it is seen, and perform it.

    Args:
        look: Returns the present observation by its keys.
        quality: How well the episode is to be performed.
    """

    def __init__(self, look: Callable[[], Mapping[str, np.ndarray]], quality: Quality) -> None:
        self._look = look
        self._quality = quality

    def perform(self) -> Plan:
        """Yield the joints' goals step by step; ends when the pen is dropped."""
        target = self._target()
        motion = max(practised_motions(), key=lambda m: m.suits(target))
        durations = motion.durations.copy()
        durations[-1] += self._quality.pause_steps
        joints = motion._replace(durations=durations).joints(int(np.ceil(durations.sum())))
        t = 0
        while self._look()["pen_pos"][2] > DROPPED:
            yield joints[min(t, len(joints) - 1)]
            t += 1

    def _target(self) -> np.ndarray:
        """Return the direction in which the pen is believed to have to point."""
        tilt = tilt_of(np.asarray(self._look()["target_axis"], dtype=np.float64))
        error = self._quality.misjudgement(METRES_PER_RADIAN * tilt)[:2] / METRES_PER_RADIAN
        return axis_of(tilt + ERROR_SCALE * error)


def axis_of(tilt: np.ndarray) -> np.ndarray:
    """Return the direction of a pen that was upright and is tilted about x, then about y [rad].

    >>> axis_of(np.array([0.0, 0.0])).tolist()
    [0.0, -0.0, 1.0]
    """
    a, b = tilt
    return np.array([np.sin(b), -np.sin(a) * np.cos(b), np.cos(a) * np.cos(b)])


def tilt_of(axis: np.ndarray) -> np.ndarray:
    """Return the tilt about x and about y of a direction; the inverse of `axis_of` [rad].

    >>> tilt_of(axis_of(np.array([0.5, -0.3]))).round(3).tolist()
    [0.5, -0.3]
    """
    x, y, z = axis
    return np.array([np.arctan2(-y, z), np.arcsin(np.clip(x, -1.0, 1.0))])
