"""The Adroit hand's kinematics for experts: postures, commands and the palm's position."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# Ranges of the position actuators, in the order of the actions [m, rad].
_WRIST = ((-0.524, 0.175), (-0.79, 0.61))
_FINGER = ((-0.44, 0.44), (0.0, 1.6), (0.0, 1.6), (0.0, 1.6))
_THUMB = ((-1.0, 1.0), (0.0, 1.3), (-0.26, 0.26), (-0.52, 0.52), (-1.571, 0.0))
_ARMS = {
    "door": ((-0.3, 0.5), (-0.75, 0.75), (-0.75, 0.75), (-1.0, 2.0)),
    "hammer": ((-0.4, 0.25), (-0.3, 0.3)),
    "pen": (),
}
_ARM_COMMAND_PER_JOINT = 0.4  # stiffness 200 against a gain of 500: the arm goes 2.5 times as far
_BASE = np.array([0.0, -0.7, 0.2])  # where the forearm turns when it is not slid [m]
_FOREARM = np.array([[-1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
_WRIST_JOINT, _PALM, _GRASP = (0.0, 0.0, 0.396), (0.0, 0.0, 0.034), (0.007, -0.05, 0.07)  # [m]


class Grip(NamedTuple):
    """A posture of the fingers [rad].

    Attributes:
        curl: Flexion of the three joints of every finger, from the palm outwards.
        thumb: The thumb's five joints, from the palm outwards.
        spread: How far the outer fingers are spread.
    """

    curl: tuple[float, float, float]
    thumb: tuple[float, float, float, float, float]
    spread: float = 0.0

    def joints(self) -> np.ndarray:
        """Return the 22 joints' angles: first, middle, ring and little finger, thumb."""
        return np.array(
            [
                *(self.spread, *self.curl),
                *(0.0, *self.curl),
                *(-self.spread, *self.curl),
                *(0.0, -self.spread, *self.curl),
                *self.thumb,
            ]
        )


class AdroitHand:
    """Joint limits and commands of the Adroit hand: the action that reaches given joint angles.

    Args:
        task: ``"door"``, ``"hammer"`` or ``"pen"``, which differ in the joints of the arm.

    >>> hand = AdroitHand("pen")
    >>> hand.action(hand.low)[:3].tolist()
    [-1.0, -1.0, -1.0]
    """

    def __init__(self, task: str) -> None:
        arm = _ARMS[task]
        limits = np.array([*arm, *_WRIST, *_FINGER * 3, (0.0, 0.7), *_FINGER, *_THUMB])
        self.low, self.high = limits.T
        self._gear = np.ones(len(limits))
        self._gear[: len(arm)] = _ARM_COMMAND_PER_JOINT

    def action(self, joints: np.ndarray) -> np.ndarray:
        """Return the action that sends the joints to these positions.

        Args:
            joints: Arm, wrist, fingers, thumb. Shape ``(A,)``. [m, rad]

        Returns:
            Shape ``(A,)``, float32, in ``[-1, 1]``.
        """
        middle, half = (self.low + self.high) / 2, (self.high - self.low) / 2
        return np.clip((self._gear * joints - middle) / half, -1.0, 1.0).astype(np.float32)


def reach(palm: np.ndarray, roll: float, wrist: tuple[float, float], arm: np.ndarray) -> np.ndarray:
    """Return the posture of the door's arm that brings the palm to a place.

    Args:
        palm: Where the middle of the grasp is wanted. Shape ``(3,)``. [m]
        roll: Turn of the forearm about itself; positive raises the thumb. [rad]
        wrist: Angles of the wrist: to the side, and flexion. [rad]
        arm: Where to start looking: slide, pitch, yaw, roll. Shape ``(4,)``. [m, rad]

    Returns:
        Slide, pitch, yaw and ``roll``, as near to it as the arm comes. Shape ``(4,)``.

    >>> joints = reach(np.array([-0.007, -0.1, 0.15]), 0.0, (0.0, 0.0), np.zeros(4))
    >>> np.allclose(joints, [0.1, 0.0, 0.0, 0.0], atol=1e-3)
    True
    """
    slide, pitch, yaw = arm[:3]
    for _ in range(5):
        position, jacobian = _palm_of(slide, pitch, yaw, roll, wrist)
        step = np.linalg.solve(
            jacobian.T @ jacobian + 1e-5 * np.eye(3), jacobian.T @ (palm - position)
        )
        slide, pitch, yaw = np.array([slide, pitch, yaw]) + np.clip(step, -0.2, 0.2)
    return np.array(
        [np.clip(slide, -0.3, 0.9), np.clip(pitch, -1.0, 1.0), np.clip(yaw, -1.0, 1.0), roll]
    )


def _palm_of(
    slide: float, pitch: float, yaw: float, roll: float, wrist: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Compute the position of the grasp, and its derivative by slide, pitch and yaw."""
    base = _BASE + slide * _FOREARM[:, 2]
    pitched = _FOREARM @ _rotation(0, pitch)
    forearm = pitched @ _rotation(1, yaw) @ _rotation(2, roll)
    bent = forearm @ _rotation(1, wrist[0])
    hand = bent @ _rotation(0, wrist[1])
    palm = base + forearm @ _WRIST_JOINT + bent @ _PALM + hand @ _GRASP
    columns = (
        _FOREARM[:, 2],
        np.cross(_FOREARM[:, 0], palm - base),
        np.cross(pitched[:, 1], palm - base),
    )
    return palm, np.stack(columns, axis=1)


def _rotation(axis: int, angle: float) -> np.ndarray:
    rotation = np.eye(3)
    i, j = (axis + 1) % 3, (axis + 2) % 3
    rotation[i, i] = rotation[j, j] = np.cos(angle)
    rotation[j, i] = np.sin(angle)
    rotation[i, j] = -rotation[j, i]
    return rotation
