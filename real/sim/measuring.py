"""What the sensors of a simulated robot say."""

from __future__ import annotations

import mujoco
import numpy as np

from real.robot import RobotState
from real.sim.world import World

POSITION, ROTATION = 1e-4, 5e-4  # [m], [rad]
LINEAR, ANGULAR = 2e-3, 5e-3  # [m/s], [rad/s]
GRIPPER, JOINT = 2e-3, 1e-4  # [1], [rad]
OBJECT, OBJECT_ROTATION = 5e-4, 5e-3  # [m], [rad]


class Noise:
    """White noise on every measurement; its standard deviations are this module's constants.

    Args:
        level: What they are multiplied by; 0 for none.
    """

    def __init__(self, level: float) -> None:
        self._level = level

    def on_values(self, rng: np.random.Generator, values: np.ndarray, size: float) -> np.ndarray:
        """Return values with noise of a size. Shape as they have."""
        return values + self._level * size * rng.standard_normal(values.shape)

    def on_pose(
        self, rng: np.random.Generator, pose: np.ndarray, position: float, rotation: float
    ) -> np.ndarray:
        """Return a pose with noise of two sizes [m, rad]. Shape ``(7,)``."""
        noisy = np.empty(7)
        noisy[:3] = self.on_values(rng, pose[:3], position)
        noisy[3:] = pose[3:]
        turn = self._level * rotation * rng.standard_normal(3)
        mujoco.mju_quatIntegrate(noisy[3:], turn, 1.0)
        return noisy


def measure(world: World, noise: Noise, rng: np.random.Generator, stamp: float) -> RobotState:
    """Measure everything.

    Args:
        world: What is measured.
        noise: How exactly.
        rng: Source of chance.
        stamp: When this is [s].
    """
    poses = np.array([noise.on_pose(rng, arm.pose, POSITION, ROTATION) for arm in world.arms])
    velocities = np.array([arm.velocity for arm in world.arms])
    openings = np.array([arm.measured_opening for arm in world.arms])
    return RobotState(
        stamp=stamp,
        position=poses[:, :3],
        quaternion=poses[:, 3:],
        linear_velocity=noise.on_values(rng, velocities[:, :3], LINEAR),
        angular_velocity=noise.on_values(rng, velocities[:, 3:], ANGULAR),
        gripper=np.clip(noise.on_values(rng, openings, GRIPPER), 0.0, 1.0),
        joints=tuple(noise.on_values(rng, arm.joints, JOINT) for arm in world.arms),
        objects={
            name: noise.on_pose(rng, pose, OBJECT, OBJECT_ROTATION)
            for name, pose in world.object_poses().items()
        },
    )
