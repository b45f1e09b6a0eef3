"""Sensors of the simulated robot, with white noise."""

from __future__ import annotations

import mujoco
import numpy as np

from real.robot import RobotState
from real.sim.world import World

POSITION, ROTATION = 1e-4, 5e-4  # [m], [rad]
LINEAR, ANGULAR = 2e-3, 5e-3  # [m/s], [rad/s]
GRIPPER, JOINT = 2e-3, 1e-4  # [1], [rad]
OBJECT, OBJECT_ROTATION = 5e-4, 5e-3  # [m], [rad]


class Sensors:
    """Sensors of arms and objects, whose white noise has this module's deviations.

    Args:
        world: What is measured.
        noise: What the deviations are multiplied by; 0 for none.

    Attributes:
        shift: How far from themselves objects are seen [m]. Shape ``(3,)``.
    """

    def __init__(self, world: World, noise: float) -> None:
        self._world = world
        arms, objects = len(world.arms), len(world.objects)
        of_arms = [*np.repeat([POSITION, ROTATION, LINEAR, ANGULAR], 3), GRIPPER]
        of_objects = np.repeat([OBJECT, OBJECT_ROTATION], 3)
        self._joints = [len(arm.posture) for arm in world.arms]
        self._deviations = noise * np.concatenate(
            [
                np.tile(of_arms, arms),
                np.tile(of_objects, objects),
                np.full(sum(self._joints), JOINT),
            ]
        )
        self.shift = np.zeros(3)
        self._ends = np.cumsum([arms * len(of_arms), objects * len(of_objects)])

    def measure(self, rng: np.random.Generator, stamp: float) -> RobotState:
        """Measure arms and objects.

        Args:
            rng: Source of chance.
            stamp: When this is [s].
        """
        world = self._world
        noise = self._deviations * rng.standard_normal(len(self._deviations))
        of_arms, of_objects, of_joints = np.split(noise, self._ends)
        arms, things = of_arms.reshape(len(world.arms), -1), of_objects.reshape(-1, 6)
        poses = np.array([arm.pose for arm in world.arms])
        velocities = np.array([arm.velocity for arm in world.arms]) + arms[:, 6:12]
        openings = np.array([arm.measured_opening for arm in world.arms]) + arms[:, 12]
        for pose, error in zip(poses, arms, strict=True):
            _blur(pose, error)
        objects = world.object_poses()
        for pose, error in zip(objects.values(), things, strict=True):
            _blur(pose, error)
            pose[:3] += self.shift
        angles = np.concatenate([arm.joints for arm in world.arms]) + of_joints
        return RobotState(
            stamp=stamp,
            position=poses[:, :3],
            quaternion=poses[:, 3:],
            linear_velocity=velocities[:, :3],
            angular_velocity=velocities[:, 3:],
            gripper=np.minimum(np.maximum(openings, 0.0), 1.0),
            joints=tuple(np.split(angles, np.cumsum(self._joints)[:-1])),
            objects=objects,
            joint_velocities=tuple(arm.joint_velocities for arm in world.arms),
        )


def _blur(pose: np.ndarray, error: np.ndarray) -> None:
    """Add an error to a pose; six numbers or more, position [m] and turn [rad] first."""
    pose[:3] += error[:3]
    mujoco.mju_quatIntegrate(pose[3:], error[3:6], 1.0)
