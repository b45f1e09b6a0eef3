"""Base class of the scripted experts for one robot arm: look, move, grasp, try again."""

from __future__ import annotations

import abc
from collections.abc import Callable, Generator
from typing import ClassVar

import numpy as np

from policies.errors import ZprlError
from zprl_env.experts.base import Expert
from zprl_env.experts.quality import Quality
from zprl_env.experts.robosuite.arm import CLOSED, OPEN, Arm, Observation, Plan, wrapped, yaw

UP = np.array([0.0, 0.0, 1.0])
CLOSING_STEPS = 9
HELD_GAP = 0.025  # fingers closed on nothing come nearer to each other than this [m]


class ManipulationExpert(Expert):
    """Expert for one arm: approach, align, descend, close, deliver; try again after a miss.

    Each episode is one generator that reads as a person's plan; ``act`` advances it by one control
    step, and the expert gives up where the plan ends. A task says with ``_deliver`` what is done
    with the object held, or writes a ``_perform`` of its own.

    Args:
        task: The suite's name of the task.
    """

    HANDS: ClassVar = (slice(0, 6),)
    POSITION: ClassVar[slice] = slice(0, 3)  # of the object, in the observation's "object"
    ORIENTATION: ClassVar[slice] = slice(3, 7)
    MIDDLE: tuple[float, float] = (0.0, 0.0)  # of the area the object is placed in [m]
    # What the operator's error, stated for Lift's 6 cm of table and 4 cm of cube, is here:
    DISPLACEMENT_SCALE: ClassVar[float] = 1.0  # smaller where objects are placed farther apart
    ERROR_SCALE: ClassVar[float] = 1.0  # smaller where less error is forgiven
    PACE: ClassVar[float] = 1.0  # people move faster where the ways are longer
    HOVER: ClassVar[float] = 0.07  # height above the grasp from which it is approached [m]

    def __init__(self, task: str) -> None:
        super().__init__(task)
        self._arm = Arm()
        self._plan: Plan | None = None
        self._observation: Observation = {}
        self._quality = Quality()
        self._blindness = 1.0
        self._gave_up = False

    @property
    def gave_up(self) -> bool:
        """Whether the last attempt has failed; see ``Expert.gave_up``."""
        return self._gave_up

    def reset(self, quality: Quality) -> None:
        """Begin a new episode; see ``Expert.reset``."""
        self._quality = quality
        self._arm.reset()
        self._blindness = 1.0
        self._gave_up = False
        self._plan = self._perform_and_give_up()

    def act(self, observation: Observation) -> np.ndarray:
        """Return the next action, shape ``(7,)``; see ``Expert.act``."""
        if self._plan is None:
            name = type(self).__name__
            raise ZprlError(f"{name}.act must come after {name}.reset. Call reset first.")
        self._observation = observation
        self._arm.observe(observation)
        return next(self._plan)

    def _perform_and_give_up(self) -> Plan:
        yield from self._perform()
        self._gave_up = True
        while True:
            yield from self._stay(OPEN, 1)

    def _perform(self) -> Plan:
        """Perform the whole plan; an episode that gets to its end has failed."""
        quality = self._quality
        yield from self._wander()
        for attempt in range(quality.attempts):
            yield from self._descend(first=attempt == 0)
            yield from self._grasp()
            for _ in range(quality.regrasps if attempt == 0 and self._holds() else 0):
                yield from self._move(lambda: self._above(0.01), CLOSED, at_most=5)
                yield from self._move(self._grasp_point, OPEN, at_most=10)
                yield from self._grasp()
            yield from self._deliver()
            yield from self._move(lambda: self._above(self.HOVER), OPEN, at_most=15)
            self._blindness *= 1.0 - quality.correction

    @abc.abstractmethod
    def _deliver(self) -> Plan:
        """Deliver the object after a grasp; ends as soon as it is not held."""

    def _wander(self) -> Plan:
        """Visit the detour, then go past the goal, where the episode has either."""
        detour, overshoot = np.array(self._quality.detour), self._quality.overshoot
        if detour.any():
            waypoint = 0.5 * (self._hand() + self._above(self.HOVER)) + detour
            yield from self._move(lambda: waypoint, OPEN, tolerance=0.03)
        if overshoot > 0.0:
            goal = self._above(self.HOVER)
            way = (goal - self._hand())[:2]
            goal[:2] += overshoot * way / max(float(np.linalg.norm(way)), 1e-6)
            yield from self._move(lambda: goal, OPEN, tolerance=0.01)

    def _descend(self, *, first: bool) -> Plan:
        """Go down to the grasp with open fingers."""
        quality = self._quality
        yield from self._move(lambda: self._above(self.HOVER), OPEN, tolerance=0.012)
        if first and quality.pause_steps:
            pause = quality.pause_height
            yield from self._move(lambda: self._above(pause), OPEN, tolerance=0.01)
            yield from self._stay(OPEN, quality.pause_steps)
        early = self._blindness * quality.close_early
        yield from self._move(self._grasp_point, OPEN, tolerance=max(early, 0.006))
        yield from self._stay(OPEN, quality.close_delay)

    def _grasp(self) -> Plan:
        """Close the fingers."""
        # A premature closing happens in mid-air: the hand goes on down while the fingers close.
        goal = self._grasp_point()
        for _ in range(CLOSING_STEPS):
            yield from self._move(lambda: goal, CLOSED, at_most=1)

    def _carry(
        self,
        goal: Callable[[], np.ndarray],
        *,
        tolerance: float,
        at_most: int = 80,
        turn: Callable[[], float] | None = None,
    ) -> Generator[np.ndarray, None, bool]:
        """Go to a goal with the object held; return whether it still is."""
        for _ in range(at_most):
            if not self._holds() or np.linalg.norm(goal() - self._hand()) < tolerance:
                break
            yield from self._move(goal, CLOSED, at_most=1, turn=turn)
        return self._holds()

    def _stay(self, grip: float, steps: int) -> Plan:
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
        turn: Callable[[], float] | None = None,
    ) -> Plan:
        """Go to a goal that is looked at afresh at each step, until near it or out of patience.

        Args:
            goal: Where the hand is to go. [m]
            grip: ``OPEN`` or ``CLOSED``.
            tolerance: Distance from the goal that is near enough. [m]
            at_most: Control steps after which it is left at that.
            turn: Angle still to be turned [rad]; by default ``_turn`` as long as the hand is open.
        """
        speed = min(1.0, self.PACE * self._quality.speed)
        if turn is None:
            turn = self._turn if grip == OPEN else _no_turn
        for _ in range(at_most):
            there = goal()
            if np.linalg.norm(there - self._hand()) < tolerance:
                return
            yield self._arm.towards(there, grip, turn=turn(), speed=speed)

    def _hand(self) -> np.ndarray:
        return self._arm.position

    def _object(self) -> np.ndarray:
        """Return the object's position. Shape ``(3,)`` [m]."""
        return np.asarray(self._observation["object"][self.POSITION], dtype=np.float64)

    def _object_yaw(self) -> float:
        return yaw(self._observation["object"][self.ORIENTATION])

    def _target(self) -> np.ndarray:
        """Return the point of the object where it is best grasped. Shape ``(3,)`` [m]."""
        return self._object()

    def _misjudged(self, point: np.ndarray) -> np.ndarray:
        """Return the believed place of a point, so far as no miss has corrected it [m]."""
        displacement = self.DISPLACEMENT_SCALE * (point[:2] - np.array(self.MIDDLE))
        error = self._blindness * self._quality.misjudgement(displacement)
        return point + self.ERROR_SCALE * error

    def _grasp_point(self) -> np.ndarray:
        """Return the point where the hand closes: the target's believed place [m]."""
        return self._misjudged(self._target())

    def _above(self, height: float) -> np.ndarray:
        return self._grasp_point() + height * UP

    def _holds(self, point: np.ndarray | None = None, *, near: float = 0.05) -> bool:
        """Tell whether the fingers hold an object, the target (or the point) being near them."""
        distance = np.linalg.norm((self._target() if point is None else point) - self._hand())
        return bool(self._arm.gap > HELD_GAP and distance < near)

    def _turn(self) -> float:
        """Return the angle to be turned towards the object's sides, if this person cares [rad]."""
        return self._quality.alignment * wrapped(self._object_yaw(), np.pi / 2) - self._arm.yaw


def _no_turn() -> float:
    return 0.0
