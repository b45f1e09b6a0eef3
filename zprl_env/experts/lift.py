"""The scripted expert for robosuite's Lift: grasp the cube and raise it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping

import numpy as np

from policies.errors import ZprlError
from zprl_env.experts.base import Expert
from zprl_env.experts.quality import Quality

OPEN, CLOSED = -1.0, 1.0
UP = np.array([0.0, 0.0, 1.0])
MIDDLE = np.array([0.0, 0.0])  # of the area the cube is placed in [m]
METRES_PER_UNIT, RADIANS_PER_UNIT = 0.05, 0.5  # of robosuite's OSC_POSE action
GAIN, TURN_GAIN, SMOOTHING = 1.4, 1.4, 0.5
HOVER = 0.07  # height above the grasp from which it is approached [m]
RAISE = 0.12  # height to which the cube is raised; success comes earlier [m]
CLOSING_STEPS = 9
HELD_GAP = 0.025  # fingers closed on nothing come nearer to each other than this [m]


class LiftExpert(Expert):
    """Approach from above, align, descend, close, raise; look, and try again after a miss.

    Each episode is one generator that reads as a person's plan; ``act`` advances it by one control
    step. Motion is proportional to the distance, limited to the episode's speed and smoothed, like
    a hand on a space-mouse.

    Example:
        >>> expert = LiftExpert()
        >>> expert.reset(Quality())
        >>> observation = {
        ...     "robot0_eef_pos": np.array([-0.1, 0.0, 1.0]),
        ...     "robot0_eef_quat": np.array([1.0, 0.0, 0.0, 0.0]),
        ...     "robot0_gripper_qpos": np.array([0.02, -0.02]),
        ...     "object": np.array([0.0, 0.0, 0.82, 0.0, 0.0, 0.0, 1.0, 0.1, 0.0, -0.18]),
        ... }
        >>> expert.act(observation).shape
        (7,)
    """

    def __init__(self) -> None:
        self._plan: Generator[np.ndarray, None, None] | None = None
        self._observation: Mapping[str, np.ndarray] = {}
        self._quality = Quality()
        self._velocity = np.zeros(3)
        self._blindness = 1.0
        self._gave_up = False

    @property
    def gave_up(self) -> bool:
        """Whether the last attempt has failed; see ``Expert.gave_up``."""
        return self._gave_up

    def reset(self, quality: Quality) -> None:
        """Begin a new episode; see ``Expert.reset``."""
        self._quality = quality
        self._velocity = np.zeros(3)
        self._blindness = 1.0
        self._gave_up = False
        self._plan = self._perform()

    def act(self, observation: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the next action, shape ``(7,)``; see ``Expert.act``."""
        if self._plan is None:
            raise ZprlError("LiftExpert.act must come after LiftExpert.reset. Call reset first.")
        self._observation = observation
        return next(self._plan)

    def _perform(self) -> Generator[np.ndarray, None, None]:
        quality = self._quality
        yield from self._wander()
        for attempt in range(quality.attempts):
            yield from self._descend(first=attempt == 0)
            yield from self._grasp()
            for _ in range(quality.regrasps if attempt == 0 and self._holds() else 0):
                yield from self._move(lambda: self._above_cube(0.01), CLOSED, at_most=5)
                yield from self._move(self._grasp_point, OPEN, at_most=10)
                yield from self._grasp()
            while self._holds():
                yield from self._move(self._raised, CLOSED, at_most=1)
            yield from self._move(lambda: self._above_cube(HOVER), OPEN, at_most=15)
            self._blindness *= 1.0 - quality.correction
        self._gave_up = True
        while True:
            yield from self._stay(OPEN, 1)

    def _wander(self) -> Generator[np.ndarray, None, None]:
        """Visit the detour, then go past the goal, where the episode has either."""
        detour, overshoot = np.array(self._quality.detour), self._quality.overshoot
        if detour.any():
            waypoint = 0.5 * (self._hand() + self._above_cube(HOVER)) + detour
            yield from self._move(lambda: waypoint, OPEN, tolerance=0.03)
        if overshoot > 0.0:
            goal = self._above_cube(HOVER)
            way = (goal - self._hand())[:2]
            goal[:2] += overshoot * way / max(float(np.linalg.norm(way)), 1e-6)
            yield from self._move(lambda: goal, OPEN, tolerance=0.01)

    def _descend(self, *, first: bool) -> Generator[np.ndarray, None, None]:
        quality = self._quality
        yield from self._move(lambda: self._above_cube(HOVER), OPEN, tolerance=0.012)
        if first and quality.pause_steps:
            pause = quality.pause_height
            yield from self._move(lambda: self._above_cube(pause), OPEN, tolerance=0.01)
            yield from self._stay(OPEN, quality.pause_steps)
        early = self._blindness * quality.close_early
        yield from self._move(self._grasp_point, OPEN, tolerance=max(early, 0.006))
        yield from self._stay(OPEN, quality.close_delay)

    def _grasp(self) -> Generator[np.ndarray, None, None]:
        # A premature closing happens in mid-air: the hand goes on down while the fingers close.
        goal = self._grasp_point()
        for _ in range(CLOSING_STEPS):
            yield from self._move(lambda: goal, CLOSED, at_most=1)

    def _stay(self, grip: float, steps: int) -> Generator[np.ndarray, None, None]:
        here = self._hand()
        for _ in range(steps):
            yield from self._move(lambda: here, grip, at_most=1)

    def _move(
        self,
        goal: Callable[[], np.ndarray],
        grip: float,
        *,
        tolerance: float = 0.0,
        at_most: int = 40,
    ) -> Generator[np.ndarray, None, None]:
        """Go to a goal that is looked at afresh at each step, until near it or out of patience."""
        for _ in range(at_most):
            way = goal() - self._hand()
            if np.linalg.norm(way) < tolerance:
                return
            wanted = GAIN * way / METRES_PER_UNIT
            wanted *= min(1.0, self._quality.speed / max(float(np.linalg.norm(wanted)), 1e-9))
            self._velocity = self._velocity + (1.0 - SMOOTHING) * (wanted - self._velocity)
            turn = TURN_GAIN * self._turn() / RADIANS_PER_UNIT if grip == OPEN else 0.0
            turn = float(np.clip(turn, -0.5 * self._quality.speed, 0.5 * self._quality.speed))
            action = np.array([*self._velocity, 0.0, 0.0, turn, grip], dtype=np.float32)
            yield np.clip(action, -1.0, 1.0)

    def _hand(self) -> np.ndarray:
        return np.asarray(self._observation["robot0_eef_pos"], dtype=np.float64)

    def _cube(self) -> np.ndarray:
        return np.asarray(self._observation["object"][:3], dtype=np.float64)

    def _grasp_point(self) -> np.ndarray:
        """Where the cube is believed to be."""
        cube = self._cube()
        return cube + self._blindness * self._quality.misjudgement(cube[:2] - MIDDLE)

    def _above_cube(self, height: float) -> np.ndarray:
        return self._grasp_point() + height * UP

    def _raised(self) -> np.ndarray:
        return self._hand() + RAISE * UP

    def _holds(self) -> bool:
        left, right = self._observation["robot0_gripper_qpos"][:2]
        near = np.linalg.norm(self._cube() - self._hand()) < 0.05
        return bool(left - right > HELD_GAP and near)

    def _turn(self) -> float:
        """Angle still to be turned towards the cube's sides, as far as this person cares [rad]."""
        cube = (_yaw(self._observation["object"][3:7]) + np.pi / 4) % (np.pi / 2) - np.pi / 4
        return self._quality.alignment * cube - _yaw(self._observation["robot0_eef_quat"])


def _yaw(quaternion: np.ndarray) -> float:
    """Direction of a body's x axis in the table's plane, from (x, y, z, w) [rad]."""
    x, y, z, w = np.asarray(quaternion, dtype=np.float64)
    return float(np.arctan2(2.0 * (x * y + z * w), 1.0 - 2.0 * (y * y + z * z)))
