"""Scripted expert for Adroit's door: the hand turns the latch and pulls it open."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping

import numpy as np

from zprl_env.experts.adroit.hand import Grip, reach
from zprl_env.experts.quality import Quality

MIDDLE = np.array([0.04, 0.15, 0.276])  # of the volume that the handle is placed in [m]
LATCH_TO_HANDLE = np.array([0.15, 0.0, 0.0])
LATCH_TO_HINGE = np.array([0.46, 0.15, 0.0])
HOVER = np.array([0.0, 0.0, 0.085])  # above the grasp [m]
GRASP = np.array([0.0, -0.01, -0.015])  # where the palm goes, from the handle [m]
PRESS = 0.05  # how far below the handle the arm aims while it turns it [m]
SAG = 0.035  # what the arm gives under its weight [m]
ERROR_SCALE = 2.5  # of the operator's misjudgement, which is stated for a small cube

OPEN = Grip((0.35, 0.3, 0.3), (0.6, 0.0, 0.0, 0.0, 0.0))
CLOSED = Grip((1.4, 1.3, 1.0), (0.6, 0.6, 0.0, 0.0, -0.6))
FLAT = Grip((0.2, 0.2, 0.2), (0.6, 0.0, 0.0, 0.0, 0.0))

REACHING, TURNING, PULLING = 0.035, 0.05, 0.04  # speeds [m, rad, rad per step]
LEAD = 0.6  # how far the arm's goal may run ahead of latch and door [rad]
TURNED = 1.15  # angle at which the bolt is out of the frame [rad]
SWUNG = 0.8  # angle at which the door goes on by itself [rad]
EXTENSION = 0.5  # of the wrist, by angle of the door
AWAY = np.array([0.15, -0.3, 0.0])  # where the hand goes, out of the door's way [m]

Plan = Generator[np.ndarray, None, None]


class DoorPlan:
    """Hover, grasp the handle, press it down while rolling along, pull, and let the door swing.

    Args:
        look: Returns the present observation by its keys.
        quality: How well the episode is to be performed.
    """

    def __init__(self, look: Callable[[], Mapping[str, np.ndarray]], quality: Quality) -> None:
        self._look = look
        self._quality = quality
        self._tempo = float(np.sqrt(quality.speed / Quality.speed))
        self._blindness = 1.0
        self._arm = np.zeros(4)
        self._angle = self._roll = self._flexion = 0.0
        self._goal = self._handle_at_rest = np.zeros(3)

    def perform(self) -> Plan:
        """Yield the joints' goals step by step; ends when there is nothing left to try."""
        self._handle_at_rest = np.asarray(self._look()["handle_pos"], dtype=np.float64)
        self._goal = np.asarray(self._look()["palm_pos"], dtype=np.float64)
        yield from self._wander()
        for attempt in range(self._quality.attempts):
            yield from self._grasp(first=attempt == 0)
            yield from self._turn()
            if self._latch() > TURNED:
                yield from self._pull()
            self._blindness *= 1.0 - self._quality.correction
            self._roll = self._flexion = 0.0

    def _wander(self) -> Plan:
        """Visit the detour, then go past the goal, where the episode has either."""
        detour, overshoot = np.array(self._quality.detour), self._quality.overshoot
        above = self._handle() + HOVER
        if detour.any():
            yield from self._move(0.5 * (self._goal + above) + detour, OPEN, tolerance=0.1)
        if overshoot > 0.0:
            way = (above - self._goal)[:2]
            above[:2] += overshoot * way / max(float(np.linalg.norm(way)), 1e-6)
            yield from self._move(above, OPEN, tolerance=0.06)

    def _grasp(self, *, first: bool) -> Plan:
        quality, grasp = self._quality, self._handle() + GRASP
        yield from self._move(grasp + HOVER, OPEN, tolerance=0.08)
        if first:
            yield from self._stay(OPEN, quality.pause_steps)
        yield from self._move(grasp, OPEN, tolerance=max(0.04, quality.close_early + 0.02))
        yield from self._stay(OPEN, quality.close_delay)
        for _ in range(quality.regrasps if first else 0):
            yield from self._stay(CLOSED, 6)
            yield from self._stay(OPEN, 6)
        yield from self._move(grasp, CLOSED, at_most=9)

    def _turn(self) -> Plan:
        """Press the handle down along its circle, until it is down or has slipped away."""
        angle = 0.0
        for _ in range(60):
            angle = min(angle + self._tempo * TURNING, self._latch() + LEAD)
            yield from self._move(self._on_circles(angle, 0.0, PRESS), CLOSED, at_most=1)
            self._roll = angle
            if self._latch() > TURNED:
                break
        self._angle = angle

    def _pull(self) -> Plan:
        """Pull until the door goes on by itself, and get out of its way."""
        swing = 0.0
        for _ in range(60):
            swing = min(swing + PULLING, self._hinge() + LEAD)
            self._flexion = max(-0.79, -EXTENSION * swing)
            yield from self._move(self._on_circles(self._angle, swing, 0.0), CLOSED, at_most=1)
            if self._hinge() > SWUNG:
                self._goal = np.asarray(self._look()["palm_pos"]) + AWAY
                yield from self._stay(FLAT, 25)
                break

    def _on_circles(self, latch: float, hinge: float, press: float) -> np.ndarray:
        """Compute the palm's place with the latch and the door at these angles."""
        centre = self._handle() - LATCH_TO_HANDLE
        x, y, z = LATCH_TO_HANDLE + GRASP - (0.0, 0.0, press)
        turned = np.array(
            [x * np.cos(latch) + z * np.sin(latch), y, z * np.cos(latch) - x * np.sin(latch)]
        )
        x, y, z = turned - LATCH_TO_HINGE
        swung = np.array(
            [x * np.cos(hinge) - y * np.sin(hinge), x * np.sin(hinge) + y * np.cos(hinge), z]
        )
        return centre + LATCH_TO_HINGE + swung

    def _stay(self, grip: Grip, steps: int) -> Plan:
        yield from self._move(self._goal, grip, at_most=steps)

    def _move(
        self, goal: np.ndarray, grip: Grip, *, tolerance: float = 0.0, at_most: int = 45
    ) -> Plan:
        """Lead the palm to a goal until it is near, or patience is at its end."""
        for _ in range(at_most):
            if np.linalg.norm(goal - self._look()["palm_pos"]) < tolerance:
                return
            way = goal - self._goal
            step = self._tempo * REACHING if grip is OPEN else 0.02
            self._goal = self._goal + way * min(1.0, step / max(float(np.linalg.norm(way)), 1e-9))
            wrist = (0.0, self._flexion)
            palm = self._goal + np.array([0.0, 0.0, SAG])
            self._arm = reach(palm, self._roll, wrist, self._arm)
            yield np.concatenate([self._arm, wrist, grip.joints()])

    def _handle(self) -> np.ndarray:
        """Return the place where the handle is believed to be, at rest."""
        misjudgement = self._quality.misjudgement(self._handle_at_rest - MIDDLE)
        return self._handle_at_rest + self._blindness * ERROR_SCALE * misjudgement

    def _latch(self) -> float:
        return float(self._look()["latch"][0])

    def _hinge(self) -> float:
        return float(self._look()["hinge"][0])
