"""The scripted expert for robosuite's Stack: put the small cube onto the large one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from zprl_env.experts.robosuite.arm import OPEN, Plan, wrapped
from zprl_env.experts.robosuite.manipulation import UP, ManipulationExpert

ON_TOP = 0.045  # from the large cube's middle to the small one's, when stacked [m]
CLEARANCE = 0.03  # kept between the cubes while one passes over the other [m]
RELEASING_STEPS = 8
TURNING_STEPS = 40  # of patience
TURNED = 0.2  # angle that may be left when the hand goes down [rad]
NEIGHBOUR = 0.1  # distance between the cubes below which one is in the other's fingers' way [m]


class StackExpert(ManipulationExpert):
    """Expert for Stack: grasp the small cube, carry it over the large one, lower it, let go.

    Args:
        task: The suite's name of the task.

    Example:
        >>> from zprl_env.experts.quality import Quality
        >>> expert = StackExpert()
        >>> expert.reset(Quality())
        >>> upright = [0.0, 0.0, 0.0, 1.0]
        >>> observation = {
        ...     "robot0_eef_pos": np.array([-0.1, 0.0, 1.0]),
        ...     "robot0_eef_quat": np.array([1.0, 0.0, 0.0, 0.0]),
        ...     "robot0_gripper_qpos": np.array([0.02, -0.02]),
        ...     "object": np.array([0.0, 0.0, 0.82, *upright, 0.0, 0.2, 0.825, *upright]),
        ... }
        >>> expert.act(observation).shape
        (7,)
    """

    LARGE = slice(7, 10)  # where the observation has the large cube's position
    DISPLACEMENT_SCALE = 0.375  # cubes are put within 8 cm of the middle

    def __init__(self, task: str = "Stack") -> None:
        super().__init__(task)

    def _descend(self, *, first: bool) -> Plan:
        yield from self._move(lambda: self._above(self.HOVER), OPEN, tolerance=0.03)
        for _ in range(TURNING_STEPS if self._in_the_way() else 0):
            if abs(self._turn()) < TURNED:
                break
            yield from self._move(lambda: self._above(self.HOVER), OPEN, at_most=1)
        yield from super()._descend(first=first)

    def _deliver(self) -> Plan:
        for goal, tolerance in (
            (lambda: self._over_large(self._object()), 0.02),
            (lambda: self._over_large(self._goal()), 0.012),
            (self._goal, 0.006),
        ):
            if not (yield from self._carry(self._bringing(goal), tolerance=tolerance, at_most=40)):
                return
        yield from self._stay(OPEN, RELEASING_STEPS)

    def _bringing(self, goal: Callable[[], np.ndarray]) -> Callable[[], np.ndarray]:
        """Return the hand's goal that brings the cube, however it is held, to its own goal."""
        return lambda: self._hand() + goal() - self._object()

    def _large(self) -> np.ndarray:
        return np.asarray(self._observation["object"][self.LARGE], dtype=np.float64)

    def _goal(self) -> np.ndarray:
        """Return the small cube's goal: on the large one, at its believed place [m]."""
        return self._misjudged(self._large()) + ON_TOP * UP

    def _over_large(self, point: np.ndarray) -> np.ndarray:
        """Return the point at which the small cube passes over the large one [m]."""
        return np.array([*point[:2], self._large()[2] + ON_TOP + CLEARANCE])

    def _turn(self) -> float:
        # Turned by a right angle, the fingers close on the cube's other two sides.
        wanted = self._sides()
        if self._in_the_way():
            wanted -= np.copysign(np.pi / 2, wanted)
        return wanted - self._arm.yaw

    def _sides(self) -> float:
        """Return the nearest direction for the fingers to close on the small cube's sides [rad]."""
        return self._quality.alignment * wrapped(self._object_yaw(), np.pi / 2)

    def _in_the_way(self) -> bool:
        """Tell whether the fingers, closing along the hand's y axis, would meet the large cube."""
        x, y = (self._large() - self._object())[:2]
        cosine, sine = np.cos(self._sides()), np.sin(self._sides())
        beside = abs(y * cosine - x * sine) > abs(x * cosine + y * sine)
        return bool(beside and np.hypot(x, y) < NEIGHBOUR)
