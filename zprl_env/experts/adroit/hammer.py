"""Scripted expert for Adroit's hammer: the hand drives the nail in."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import NamedTuple

import numpy as np

from zprl_env.experts.adroit.hand import Grip
from zprl_env.experts.quality import Quality

MIDDLE = 0.175  # of the nail's heights [m]
PITCH_PER_METRE = -1.86  # of the arm, to raise the hammer [rad/m]
ERROR_SCALE = 1.4  # of the operator's misjudgement, which is stated for a small cube
DOWN, CLOSING, RAISING, STRIKING, RETURNING = 30, 20, 45, 45, 25  # durations [steps]
CARRYING = np.array([0.012, 0.012, 0.03, 0.03])  # speeds [rad per step]
SWINGING = np.array([0.0137, 0.0137, 0.0454, 0.0454])

Plan = Generator[np.ndarray, None, None]


class HammerPostures(NamedTuple):
    """The postures that a stroke goes through, for a nail in the middle of its heights.

    Attributes:
        grasp: Arm's pitch and yaw, wrist to the side and flexion, where the hammer lies. [rad]
        ready: The same with the hammer raised and drawn back. [rad]
        struck: The same with the nail driven in. [rad]
        opened: Curl of the fingers before the grasp: first joint, and the other two. [rad]
        closed: Curl of the fingers around the hammer, from the palm outwards. [rad]
        thumb: The thumb's five joints around the hammer, from the palm outwards. [rad]
    """

    grasp: tuple[float, float, float, float]
    ready: tuple[float, float, float, float]
    struck: tuple[float, float, float, float]
    opened: tuple[float, float]
    closed: tuple[float, float, float]
    thumb: tuple[float, float, float, float, float]

    def open_grip(self) -> Grip:
        """Return the hand that comes down over the hammer, its thumb out of the way."""
        first, rest = self.opened
        return Grip((first, rest, rest), (self.thumb[0], 0.0, 0.0, 0.0, 0.0))

    def closed_grip(self) -> Grip:
        """Return the hand that holds the hammer."""
        return Grip(self.closed, self.thumb)


# Found by cross-entropy search; `python -m zprl_env.experts.adroit.hammer_search` finds the like.
PRACTISED = HammerPostures(
    grasp=(0.1974, 0.0253, 0.1894, 0.3889),
    ready=(-0.1096, 0.0354, -0.1689, 0.1129),
    struck=(-0.0865, -0.3979, -0.5364, -0.1249),
    opened=(-0.1073, 0.5736),
    closed=(1.6789, 1.6002, 1.7504),
    thumb=(-0.183, 1.3744, 0.2208, -0.2758, -0.8377),
)


class HammerPlan:
    """Grasp the hammer, raise it to the nail's height, swing, and swing again until it is in.

    Args:
        look: Returns the present observation by its keys.
        quality: How well the episode is to be performed.
        postures: What the stroke goes through.
    """

    def __init__(
        self,
        look: Callable[[], Mapping[str, np.ndarray]],
        quality: Quality,
        postures: HammerPostures = PRACTISED,
    ) -> None:
        self._look = look
        self._quality = quality
        self._postures = postures
        self._tempo = float(np.sqrt(quality.speed / Quality.speed))
        self._blindness = 1.0
        self._joints = np.zeros(4)

    def perform(self) -> Plan:
        """Yield the joints' goals step by step; ends when there is nothing left to try."""
        quality, (grasp, ready, struck, *_) = self._quality, self._postures
        opened, closed = self._postures.open_grip(), self._postures.closed_grip()
        carrying = self._tempo * CARRYING
        if any(quality.detour):
            aside = np.array([-quality.detour[2], quality.detour[0], 0.0, 0.0])
            yield from self._move(0.5 * np.array(grasp) + aside, opened, carrying, 15)
        yield from self._move(grasp, opened, carrying, round(DOWN / self._tempo))
        yield from self._move(grasp, opened, carrying, quality.close_delay)
        for _ in range(quality.regrasps):
            yield from self._move(grasp, closed, carrying, 6)
            yield from self._move(grasp, opened, carrying, 6)
        yield from self._move(grasp, closed, carrying, CLOSING)
        raised = self._at_height(ready)
        yield from self._move(raised, closed, carrying, round(RAISING / self._tempo))
        yield from self._move(raised, closed, carrying, quality.pause_steps)
        for _ in range(quality.attempts):
            yield from self._move(self._at_height(struck), closed, SWINGING, STRIKING)
            self._blindness *= 1.0 - quality.correction
            yield from self._move(self._at_height(ready), closed, SWINGING, RETURNING)

    def _at_height(self, posture: tuple[float, ...]) -> np.ndarray:
        """Return the posture at the height at which the nail is believed to be."""
        height = float(self._look()["nail_pos"][2]) - MIDDLE
        misjudgement = self._quality.misjudgement(np.array([0.0, height]))
        height += self._blindness * ERROR_SCALE * float(misjudgement[1])
        return np.array(posture) + np.array([PITCH_PER_METRE * height, 0.0, 0.0, 0.0])

    def _move(
        self, goal: np.ndarray | tuple[float, ...], grip: Grip, speed: np.ndarray, steps: int
    ) -> Plan:
        for _ in range(steps):
            self._joints = self._joints + np.clip(np.array(goal) - self._joints, -speed, speed)
            yield np.concatenate([self._joints, grip.joints()])
