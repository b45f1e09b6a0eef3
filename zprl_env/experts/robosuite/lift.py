"""The scripted expert for robosuite's Lift: grasp the cube and raise it."""

from __future__ import annotations

from zprl_env.experts.robosuite.arm import CLOSED, Plan
from zprl_env.experts.robosuite.manipulation import UP, ManipulationExpert

RAISE = 0.12  # height to which the cube is raised; success comes earlier [m]


class LiftExpert(ManipulationExpert):
    """Expert for Lift: grasp the cube and raise it.

    Args:
        task: The suite's name of the task.

    Example:
        >>> import numpy as np
        >>> from zprl_env.experts.quality import Quality
        >>> expert = LiftExpert("Lift")
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

    def _deliver(self) -> Plan:
        while self._holds():
            yield from self._move(lambda: self._hand() + RAISE * UP, CLOSED, at_most=1)
