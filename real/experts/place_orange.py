"""The scripted expert for place-orange: grasp it, carry it over the plate, let go."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np

from real.experts.joint_arm import JointArm
from real.experts.pose_arm import PoseArm
from real.tasks.files import load_preset
from zprl_env.experts.robosuite.arm import CLOSED, OPEN, Plan
from zprl_env.experts.robosuite.manipulation import UP, ManipulationExpert

PATIENCE = 2.5
"""Control steps here that the time of one of robosuite's takes, which the plan is stated in."""
RAISED, LOWERED = 0.10, 0.035
"""Height of the hand above the plate, on the way there and when it lets go [m]."""


class PlaceOrangeExpert(ManipulationExpert):
    """Expert for place-orange: grasp the orange, carry it above the plate, lower it, let go.

    Args:
        task: The preset's name.

    Example:
        >>> from zprl_env.experts.quality import Quality
        >>> expert = PlaceOrangeExpert()
        >>> expert.reset(Quality())
        >>> observation = {
        ...     "position": np.array([0.42, 0.0, 0.28]),
        ...     "rotation_6d": np.array([1.0, 0.0, 0.0, 0.0, -1.0, 0.0]),
        ...     "gripper": np.array([1.0]),
        ...     "orange_position": np.array([0.42, -0.1, 0.033]),
        ...     "plate_position": np.array([0.42, 0.15, 0.0]),
        ... }
        >>> expert.act(observation).shape
        (8,)
    """

    HANDS: ClassVar = (slice(0, 3),)
    ABSOLUTE = True
    MIDDLE = (0.42, -0.13)
    DISPLACEMENT_SCALE = 0.4
    ERROR_SCALE = 0.9
    HOVER = 0.08

    def __init__(self, task: str = "place-orange") -> None:
        super().__init__(task)
        preset = load_preset(task)
        self._arm = (JointArm if preset.space == "joints" else PoseArm)(preset)

    def _deliver(self) -> Plan:
        raised = self._hand() + RAISED * UP
        for goal, tolerance in (
            (lambda: raised, 0.03),
            (lambda: self._plate() + RAISED * UP, 0.025),
            (lambda: self._plate() + LOWERED * UP, 0.012),
        ):
            if not (yield from self._carry(goal, tolerance=tolerance, at_most=160)):
                return
        yield from self._stay(OPEN, 12)
        yield from self._move(lambda: self._plate() + 2 * RAISED * UP, OPEN, tolerance=0.02)

    def _grasp(self) -> Plan:
        goal = self._grasp_point()
        for _ in range(16):
            yield from self._move(lambda: goal, CLOSED, at_most=1)

    def _move(
        self,
        goal: Callable[[], np.ndarray],
        grip: float,
        *,
        tolerance: float = 0.0,
        at_most: int = 40,
        turn: Callable[[], float] | None = None,
    ) -> Plan:
        steps = at_most if at_most == 1 else round(PATIENCE * at_most)
        yield from super()._move(goal, grip, tolerance=tolerance, at_most=steps, turn=turn)

    def _object(self) -> np.ndarray:
        return np.asarray(self._observation["orange_position"], dtype=np.float64)

    def _plate(self) -> np.ndarray:
        return np.asarray(self._observation["plate_position"], dtype=np.float64)

    def _turn(self) -> float:
        # An orange has no sides; people let the hand turn with the arm as much as they like.
        x, y = self._hand()[:2]
        return (1.0 - self._quality.alignment) * float(np.arctan2(y, x)) - self._arm.yaw
