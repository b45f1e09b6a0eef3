"""What a robot was told, looked at by somebody who knows nothing of how it came about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.tools import limits
from real.drivers.ideal import IdealRobot
from real.robot import JointCommand, RobotCommand
from real.tasks.kinematics import ArmKinematics
from real.tasks.preset import Preset

TOLERANCE = limits.TOLERANCE


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
    check = joint_violations if preset.space == "joints" else limits.violations
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
        bounds, unit = settings.safety.joints, settings.unit
        assert bounds is not None
        joints = np.array([command.joints[arm] for command in commands])
        gripper = np.array([command.gripper[arm] for command in commands])
        if not (np.isfinite(joints).all() and np.isfinite(gripper).all()):
            return [f"arm {arm}: not finite"]
        joints = np.concatenate([3 * [joints[0]], joints])
        low, high = unit * np.array(bounds.low), unit * np.array(bounds.high)
        beyond = np.maximum(
            np.minimum(low, joints[0]) - joints, joints - np.maximum(high, joints[0])
        ).max()
        if beyond > TOLERANCE:
            found.append(f"arm {arm}: a joint is {beyond:.3g} outside")
        for order, name in enumerate(("velocity", "acceleration", "jerk"), start=1):
            size = np.abs(np.diff(joints, order, axis=0)).max(axis=0, initial=0.0) / period**order
            most = unit * np.broadcast_to(getattr(bounds, name), size.shape)
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
