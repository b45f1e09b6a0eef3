"""The box that tools stay in where joints are commanded, by the arms' forward kinematics."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from real.tasks.coordinates import MOTION
from real.tasks.kinematics import ArmKinematics
from real.tasks.preset import Preset

DAMPING = 0.02
"""Of the least squares that lead back into the box [m]."""
LONGEST = 0.2
"""Longest step of these [rad]."""
STEPS = 25
MARGIN, ROUNDING = 1e-5, 1e-9  # [m]


class ToolBox:
    """The boxes of N arms' tools, asked for places that are given by joints.

    Args:
        preset: A task whose actions are joints, of which some arm has a box.
    """

    def __init__(self, preset: Preset) -> None:
        self._arms = [
            (number, ArmKinematics(arm), np.array(arm.safety.low), np.array(arm.safety.high))
            for number, arm in enumerate(preset.arms)
            if arm.safety.boxed
        ]
        self._limits = [arm.joint_limits for arm in preset.arms]

    def holds(self, ways: Sequence[np.ndarray], begin: np.ndarray) -> bool:
        """Tell whether places lie inside, or no further outside than where they began.

        Args:
            ways: Joints of all arms, place after place. Shape ``(N, J)`` each.
            begin: Joints where the arms are. Shape ``(N, J)``.
        """
        for number, kinematics, low, high in self._arms:
            here = kinematics.position(begin[number])
            lowest, highest = np.minimum(low, here - ROUNDING), np.maximum(high, here + ROUNDING)
            for place in ways:
                there = kinematics.position(place[number])
                if (there < lowest).any() or (there > highest).any():
                    return False
        return True

    def nearest(self, coordinates: np.ndarray) -> np.ndarray | None:
        """Return a place inside near one that may be outside; None if none is found.

        Args:
            coordinates: Joints and grippers. Shape ``(N, J + 1)``.
        """
        found = coordinates.copy()
        for number, kinematics, low, high in self._arms:
            limits, joints = self._limits[number], found[number, MOTION]
            for _ in range(STEPS):
                there = kinematics.position(joints)
                out = np.clip(there, low + MARGIN, high - MARGIN) - there
                if not (np.abs(out) > 0.9 * MARGIN).any():
                    break
                rows = kinematics.jacobian(joints)[:3]
                square = rows @ rows.T + DAMPING**2 * np.eye(3)
                step = rows.T @ np.linalg.solve(square, out)
                share = min(1.0, LONGEST / max(float(np.abs(step).max()), 1e-12))
                joints[:] = np.clip(joints + share * step, limits.low, limits.high)
            else:
                return None
        return found
