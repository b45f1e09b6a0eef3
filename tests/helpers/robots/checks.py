"""What a robot was told, looked at by somebody who knows nothing of how it came about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from real.drivers.ideal import IdealRobot
from real.robot import JointCommand, RobotCommand
from real.tasks.kinematics import ArmKinematics
from real.tasks.preset import Preset

TOLERANCE = 1e-6


class Witness(IdealRobot):
    """An ideal robot that remembers each stretch of commands, and where the arms were before it."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.stretches: list[list[RobotCommand]] = [[self._sent]]
        self.stamps: list[float] = []
        self.stops = 0

    def command(self, command):
        super().command(command)
        self.stretches[-1].append(command)
        self.stamps.append(self.clock.now())

    def stop(self):
        self.stops += 1
        self.stretches.append([self._sent])
        super().stop()

    def home(self):
        super().home()
        self.stretches.append([self._sent])


def violations(commands: Sequence[Any], preset: Preset) -> list[str]:
    """Say which limits a stretch of commands breaks, whatever they command."""
    check = joint_violations if preset.space == "joints" else pose_violations
    return check(commands, preset)


def joint_violations(commands: Sequence[JointCommand], preset: Preset) -> list[str]:
    """Say which limits a stretch of joint commands breaks, by finite differences, and the box.

    Args:
        commands: One per control period. The first is where the arms were at rest.
        preset: The limits.

    Returns:
        A sentence per limit that is broken.
    """
    found, period = [], 1.0 / preset.control_rate
    for arm, settings in enumerate(preset.arms):
        limits, unit = settings.safety.joints, settings.unit
        assert limits is not None
        joints = np.array([command.joints[arm] for command in commands])
        gripper = np.array([command.gripper[arm] for command in commands])
        if not (np.isfinite(joints).all() and np.isfinite(gripper).all()):
            return [f"arm {arm}: not finite"]
        joints = np.concatenate([3 * [joints[0]], joints])
        low, high = unit * np.array(limits.low), unit * np.array(limits.high)
        beyond = np.maximum(
            np.minimum(low, joints[0]) - joints, joints - np.maximum(high, joints[0])
        ).max()
        if beyond > TOLERANCE:
            found.append(f"arm {arm}: a joint is {beyond:.3g} outside")
        for order, name in enumerate(("velocity", "acceleration", "jerk"), start=1):
            size = np.abs(np.diff(joints, order, axis=0)).max(axis=0, initial=0.0) / period**order
            most = unit * np.broadcast_to(getattr(limits, name), size.shape)
            if (size > most * (1.0 + TOLERANCE) + 1e-13 / period**order).any():
                found.append(f"arm {arm}: {name} is {size.tolist()}, limit {most.tolist()}")
        opened = np.abs(np.diff(gripper, prepend=gripper[0])) / period
        quickest = settings.safety.gripper_velocity * (1.0 + TOLERANCE)
        if settings.gripping.kind == "continuous" and opened.max() > quickest:
            found.append(f"arm {arm}: gripper's velocity is {opened.max():g}")
        if settings.kinematics is not None and settings.safety.boxed:
            kinematics = ArmKinematics(settings)
            places = np.array([kinematics.position(one) for one in joints])
            lowest = np.minimum(settings.safety.low, places[0])
            highest = np.maximum(settings.safety.high, places[0])
            beyond = np.maximum(lowest - places, places - highest).max()
            if beyond > TOLERANCE:
                found.append(f"arm {arm}: the tool is {beyond:.3g} m outside")
    return found


def pose_violations(commands: Sequence[RobotCommand], preset: Preset) -> list[str]:
    """Say which limits a stretch of commands breaks, by finite differences.

    Args:
        commands: One per control period. The first is where the arms were at rest.
        preset: The limits.

    Returns:
        A sentence per limit that is broken.
    """
    found, period = [], 1.0 / preset.control_rate
    for arm, settings in enumerate(preset.arms):
        limits = settings.safety
        position = np.array([command.position[arm] for command in commands])
        turns = Rotation.from_quat(
            np.array([np.roll(command.quaternion[arm], -1) for command in commands])
        )
        home = Rotation.from_quat(np.roll(settings.home.quaternion, -1))
        vector = (home.inv() * turns).as_rotvec()
        gripper = np.array([[command.gripper[arm]] for command in commands])
        low, high = np.array(limits.low), np.array(limits.high)
        turned = np.array(limits.rotation)
        lasting = 3 * [position[0]], 3 * [vector[0]], 3 * [gripper[0]]
        position, vector, gripper = (
            np.concatenate([begin, rest])
            for begin, rest in zip(lasting, (position, vector, gripper), strict=True)
        )

        def within(name, values, low, high, arm=arm):
            # Outside is only what began there, and it does not get further out.
            low, high = np.minimum(low, values[0]), np.maximum(high, values[0])
            beyond = np.maximum(low - values, values - high).max()
            if not beyond <= TOLERANCE:
                found.append(f"arm {arm}: {name} is {beyond:.3g} outside")

        def slower(name, values, order, limit, arm=arm):
            size = np.abs(np.diff(values, order, axis=0)).max(initial=0.0) / period**order
            if not size <= limit * (1.0 + TOLERANCE) + 1e-15 / period**order * 100:
                found.append(f"arm {arm}: {name} is {size:.6g}, limit {limit:g}")

        within("position", position, low, high)
        within("rotation", vector, -turned, turned)
        within("gripper", gripper, 0.0, 1.0)
        for order, name in enumerate(("velocity", "acceleration", "jerk"), start=1):
            slower(name, position, order, getattr(limits, name))
            slower(f"angular {name}", vector, order, getattr(limits, f"angular_{name}"))
        if settings.gripping.kind == "continuous":
            slower("gripper's velocity", gripper, 1, limits.gripper_velocity)
        if not all(np.isfinite(values).all() for values in (position, vector, gripper)):
            found.append(f"arm {arm}: not finite")
    return found
