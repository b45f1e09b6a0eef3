"""Coordinates: poses, or joints, as a few numbers per arm, interpolated and limited one by one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from policies.finite import all_finite
from real.robot import JointCommand, RobotCommand, RobotState
from real.tasks import rotation
from real.tasks.kinematics import ArmKinematics
from real.tasks.preset import Preset

POSITION, ROTATION, MOTION, GRIPPER = slice(0, 3), slice(3, 6), slice(0, -1), -1
"""Slices of an arm's coordinates. Where poses are commanded: the position [m] and the rotation
vector from home [rad]. Everywhere: what moves, which is both of these or the joints [rad], and last
the opening of the gripper.
"""


class AnyCoordinates(Protocol):
    """Conversion of N arms' measurements and commands to coordinates of shape ``(N, C)``, and back.

    Attributes:
        home: Where the arms are between episodes. Shape ``(N, C)``.
    """

    home: np.ndarray

    def of(self, measured: Any) -> np.ndarray:
        """Return the coordinates of a measurement or a command. Shape ``(N, C)``."""
        ...

    def command(self, coordinates: np.ndarray) -> Any:
        """Return the command that coordinates of shape ``(N, C)`` stand for."""
        ...

    def completed(self, state: RobotState) -> RobotState:
        """Return a measurement with what it does not say and can be known from the rest."""
        ...


def coordinates_of(preset: Preset) -> AnyCoordinates:
    """Return the coordinates that a task's arms are commanded in."""
    return Coordinates(preset) if preset.space == "pose" else JointCoordinates(preset)


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

    def completed(self, state: RobotState) -> RobotState:
        """Return a measurement as it is: it says everything."""
        return state

    def vector(self, quaternion: np.ndarray) -> np.ndarray:
        """Turn orientations, shape ``(N, 4)``, into rotation vectors from home, ``(N, 3)``."""
        return rotation.to_vector(rotation.multiply(self._from_home, np.asarray(quaternion)))

    def quaternion(self, vector: np.ndarray) -> np.ndarray:
        """Turn rotation vectors from home, shape ``(N, 3)``, into orientations, ``(N, 4)``."""
        return rotation.multiply(self._home, rotation.from_vector(vector))


class JointCoordinates:
    """Conversion of N arms' J joints and grippers to coordinates of shape ``(N, J + 1)``, and back.

    Args:
        preset: A task whose actions are joints.
    """

    def __init__(self, preset: Preset) -> None:
        joints = np.array([arm.posture for arm in preset.arms])
        gripper = np.array([[arm.home.gripper] for arm in preset.arms])
        self.home = np.concatenate([joints, gripper], axis=1)
        self._kinematics: list[ArmKinematics] | None = None
        if all(arm.kinematics is not None for arm in preset.arms):
            self._kinematics = [ArmKinematics(arm) for arm in preset.arms]
        self._shape = joints.shape

    def of(self, measured: RobotState | JointCommand) -> np.ndarray:
        """Return the coordinates of a measurement or a command. Shape ``(N, J + 1)``."""
        coordinates = np.empty_like(self.home)
        coordinates[:, MOTION] = measured.joints
        coordinates[:, GRIPPER] = measured.gripper
        return coordinates

    def command(self, coordinates: np.ndarray) -> JointCommand:
        """Return the command that coordinates of shape ``(N, J + 1)`` stand for."""
        return JointCommand(coordinates[:, MOTION].copy(), coordinates[:, GRIPPER].copy())

    def completed(self, state: RobotState) -> RobotState:
        """Return a measurement with poses by forward kinematics, where it has none of its own.

        Without ``kinematics`` in the preset, or with joints that cannot be, it stays as it is.
        """
        poses = np.asarray(state.position)
        if self._kinematics is None or not np.isnan(poses).all() or not self._are_joints(state):
            return state
        here = [k.pose(q) for k, q in zip(self._kinematics, state.joints, strict=True)]
        rates = state.joint_velocities or [np.full(self._shape[1], np.nan)] * len(here)
        turns = [
            kinematics.jacobian(joints) @ rate
            for kinematics, joints, rate in zip(self._kinematics, state.joints, rates, strict=True)
        ]
        return replace(
            state,
            position=np.array([position for position, _ in here]),
            quaternion=np.array([quaternion for _, quaternion in here]),
            linear_velocity=np.array([turn[:3] for turn in turns]),
            angular_velocity=np.array([turn[3:] for turn in turns]),
        )

    def _are_joints(self, state: RobotState) -> bool:
        """Tell whether there are as many joints as there must be, all of them finite."""
        shapes = [np.shape(joints) for joints in state.joints]
        if shapes != [self._shape[1:]] * self._shape[0]:
            return False
        return all(all_finite(np.asarray(joints, np.float64)) for joints in state.joints)
