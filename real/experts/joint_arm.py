"""An arm with joint actions, for scripted experts that command one hand."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from real.experts.pose_arm import PoseArm
from real.tasks import rotation
from real.tasks.coordinates import GRIPPER, MOTION
from real.tasks.kinematics import ArmKinematics
from real.tasks.preset import Preset

DOWN = np.array([0.0, 1.0, 0.0, 0.0])


class JointArm(PoseArm):
    """The only arm of a preset with absolute joint actions, whose hand looks down.

    It sees where the hand is by forward kinematics of the observed joints, and finds joints for
    where the hand is aimed by least squares.

    Args:
        preset: The task, whose arm has ``kinematics``.

    Example:
        >>> from real.tasks.files import load_preset
        >>> from zprl_env.experts.robosuite.arm import OPEN
        >>> preset = load_preset("place-orange-joints")
        >>> arm = JointArm(preset)
        >>> arm.observe({"joints": preset.arms[0].posture, "gripper": np.array([1.0])})
        >>> arm.position.round(3).tolist()
        [0.42, 0.0, 0.28]
        >>> arm.towards(np.array([0.42, 0.0, 0.1]), OPEN, turn=0.0, speed=0.5).shape
        (8,)
    """

    def __init__(self, preset: Preset) -> None:
        super().__init__(preset)
        (self._settings,) = preset.arms
        self._kinematics = ArmKinematics(self._settings)

    def observe(self, observation: Mapping[str, np.ndarray]) -> None:
        """Take in the present observation, and where the hand is by its joints."""
        position, quaternion = self._kinematics.pose(self._joints(observation))
        known = {"position": position, "rotation_6d": rotation.rows(quaternion)}
        super().observe({**observation, **known})

    def towards(self, goal: np.ndarray, grip: float, *, turn: float, speed: float) -> np.ndarray:
        """Return the action of one control step towards a goal; see `Arm.towards`.

        Returns:
            Shape ``(J + 1,)``, float32.
        """
        position, vector = self._aim(goal, turn, speed)
        quaternion = rotation.multiply(DOWN, rotation.from_vector(vector))
        start, limits = self._joints(self._observation), self._settings.joint_limits
        joints = self._kinematics.reach(position, quaternion, start, self._settings.posture)
        target = self._layout.home.copy()
        target[0, MOTION] = np.clip(joints, limits.low, limits.high)
        target[0, GRIPPER] = 0.5 * (1.0 - grip)
        action = self._layout.action(target, target).astype(np.float32)
        return np.clip(action, -1.0, 1.0)

    def _joints(self, observation: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the observed joints [rad]."""
        return self._settings.unit * np.asarray(observation["joints"], np.float64)
