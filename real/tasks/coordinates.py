"""Coordinates: poses as seven numbers per arm, interpolated and limited one by one."""

from __future__ import annotations

import numpy as np

from real.robot import RobotCommand, RobotState
from real.tasks import rotation
from real.tasks.preset import Preset

POSITION, ROTATION, MOTION, GRIPPER = slice(0, 3), slice(3, 6), slice(0, 6), 6
"""Slices of an arm's coordinates: the position [m], the rotation vector from home [rad], both of
these, and the opening of the gripper.
"""


class Coordinates:
    """Conversion of N arms' poses to coordinates of shape ``(N, 7)``, and back.

    Args:
        preset: The task, with the home orientations that rotations are relative to.

    Example:
        >>> from real.tasks.files import load_preset
        >>> coordinates = Coordinates(load_preset("place-orange"))
        >>> coordinates.home.tolist()
        [[0.42, 0.0, 0.28, 0.0, 0.0, 0.0, 1.0]]
        >>> coordinates.command(coordinates.home).quaternion.tolist()
        [[0.0, 1.0, 0.0, 0.0]]
    """

    def __init__(self, preset: Preset) -> None:
        arms = preset.arms
        self._home = np.array([arm.home.quaternion for arm in arms], np.float64)
        self._from_home = rotation.inverse(self._home)
        self.home = np.zeros((len(arms), 7))
        self.home[:, POSITION] = [arm.home.position for arm in arms]
        self.home[:, GRIPPER] = [arm.home.gripper for arm in arms]

    def of(self, pose: RobotState | RobotCommand) -> np.ndarray:
        """Return a pose's coordinates. Shape ``(N, 7)``."""
        coordinates = np.empty_like(self.home)
        coordinates[:, POSITION] = pose.position
        coordinates[:, ROTATION] = self.vector(pose.quaternion)
        coordinates[:, GRIPPER] = pose.gripper
        return coordinates

    def command(self, coordinates: np.ndarray) -> RobotCommand:
        """Return the command that coordinates of shape ``(N, 7)`` stand for."""
        return RobotCommand(
            coordinates[:, POSITION].copy(),
            self.quaternion(coordinates[:, ROTATION]),
            coordinates[:, GRIPPER].copy(),
        )

    def vector(self, quaternion: np.ndarray) -> np.ndarray:
        """Turn orientations, shape ``(N, 4)``, into rotation vectors from home, ``(N, 3)``."""
        return rotation.to_vector(rotation.multiply(self._from_home, np.asarray(quaternion)))

    def quaternion(self, vector: np.ndarray) -> np.ndarray:
        """Turn rotation vectors from home, shape ``(N, 3)``, into orientations, ``(N, 4)``."""
        return rotation.multiply(self._home, rotation.from_vector(vector))
