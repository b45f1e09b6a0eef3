"""A robot hand in world coordinates: one of several, and the arm that moves it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from zprl_env.experts.robosuite.arm import (
    GAIN,
    METRES_PER_UNIT,
    RADIANS_PER_UNIT,
    SMOOTHING,
    TURN_GAIN,
    Arm,
    Plan,
)

HELD_GAP = 0.01  # fingers closed on nothing come nearer to each other than this [m]
WIDEST_HELD = 0.05  # a wider gap is still closing [m]
# With the hand straight down a Panda's wrist is singular at 0.4 m from its base: the arm swings
# about and drags the hand along. So near the base the fingers point a little back towards it.
STRAIGHT_REACH, LEAN_PER_METRE, MOST_LEAN = 0.8, 0.7, 0.28  # [m], [rad/m], [rad]


class Hand(Arm):
    """A two-fingered hand on a robosuite arm, told where to go in world coordinates.

    Every motion is a generator of actions. Motion is proportional to the distance left, limited in
    speed and smoothed, like a hand on a space-mouse; the fingers point down all the while.

    Args:
        name: The arm's prefix in the observation's keys, e.g. ``"robot0"``.
        base: Where the arm stands, x and y. [m]
        ahead: The direction it looks in, which its actions count from. [rad]

    Example:
        >>> hand = Hand("robot0", base=(0.0, 0.0), ahead=0.0)
        >>> hand.observe({
        ...     "robot0_eef_pos": np.array([0.8, 0.0, 1.0]),
        ...     "robot0_eef_quat": np.array([1.0, 0.0, 0.0, 0.0]),
        ... })
        >>> next(hand.move(lambda: np.array([0.8, 0.0, 2.0]), -1.0, speed=0.5)).tolist()
        [0.0, 0.0, 0.25, 0.0, 0.0, 0.0, -1.0]
    """

    def __init__(self, name: str, base: tuple[float, float], ahead: float) -> None:
        super().__init__(f"{name}_")
        self.base = np.array(base)
        self.ahead = ahead

    def holds(self, point: np.ndarray) -> bool:
        """Tell whether the fingers are closed on an object, and this point is between them."""
        near = float(np.linalg.norm(point - self.position)) < 0.05
        return HELD_GAP < self.gap < WIDEST_HELD and near

    def stay(self, grip: float, steps: int) -> Plan:
        """Remain here for a number of control steps."""
        here = self.position
        yield from self.move(lambda: here, grip, at_most=steps)

    def move(
        self,
        goal: Callable[[], np.ndarray],
        grip: float,
        *,
        yaw: Callable[[], float] | None = None,
        speed: float = 1.0,
        tolerance: float = 0.0,
        at_most: int = 60,
    ) -> Plan:
        """Go to a goal that is looked at afresh at each step, until near it or out of patience.

        Args:
            goal: Where to go. [m]
            grip: ``OPEN`` or ``CLOSED``.
            yaw: The direction across which the fingers close, seen from above; half turns are
                alike. Where the arm looks if left out. [rad]
            speed: Largest command in the plane and along the vertical, as a share of the range.
            tolerance: Distance from the goal that is near enough. [m]
            at_most: Control steps of patience.

        Yields:
            Actions of shape ``(7,)``, float32.
        """
        into_base = _about_z(-self.ahead)
        for _ in range(at_most):
            way = goal() - self.position
            if np.linalg.norm(way) < tolerance:
                return
            wanted = GAIN * way / METRES_PER_UNIT
            for part in (slice(0, 2), slice(2, 3)):
                wanted[part] *= min(1.0, speed / max(float(np.linalg.norm(wanted[part])), 1e-9))
            self._velocity = self._velocity + (1.0 - SMOOTHING) * (wanted - self._velocity)
            turn = TURN_GAIN * self._turn(self.ahead if yaw is None else yaw()) / RADIANS_PER_UNIT
            turn *= min(1.0, 0.5 * speed / max(float(np.linalg.norm(turn)), 1e-9))
            move, turn = into_base @ self._velocity, into_base @ turn
            yield np.clip(np.array([*move, *turn, grip], dtype=np.float32), -1.0, 1.0)

    def _turn(self, yaw: float) -> np.ndarray:
        """Return the rotation still to be done in the world, axis times angle [rad]. Shape (3,)."""
        reach = float(np.linalg.norm(self.position[:2] - self.base))
        lean = np.clip(LEAN_PER_METRE * (STRAIGHT_REACH - reach), 0.0, MOST_LEAN)
        yaw = nearest_half_turn(yaw - self.ahead)
        down = np.diag([1.0, -1.0, -1.0])
        wanted = _about_z(self.ahead) @ _about_y(lean) @ _about_z(yaw) @ down
        left = wanted @ rotation(self._observation[f"{self.prefix}eef_quat"]).T
        axis = np.array([left[2, 1] - left[1, 2], left[0, 2] - left[2, 0], left[1, 0] - left[0, 1]])
        sine = 0.5 * float(np.linalg.norm(axis))
        angle = float(np.arctan2(sine, 0.5 * (np.trace(left) - 1.0)))
        return 0.5 * axis * angle / max(sine, 1e-9)


def rotation(quaternion: np.ndarray) -> np.ndarray:
    """Return the rotation matrix of a quaternion ``(x, y, z, w)``. Shape ``(3, 3)``.

    Example:
        >>> rotation(np.array([1.0, 0.0, 0.0, 0.0])).diagonal().tolist()
        [1.0, -1.0, -1.0]
    """
    x, y, z, w = np.asarray(quaternion, dtype=np.float64) / np.linalg.norm(quaternion)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def nearest_half_turn(angle: float) -> float:
    """Return the angle in ``[-pi/2, pi/2)`` that is the same to a hand with two fingers.

    Example:
        >>> round(nearest_half_turn(np.pi - 0.1), 3)
        -0.1
    """
    return (angle + np.pi / 2) % np.pi - np.pi / 2


def _about_z(angle: float) -> np.ndarray:
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])


def _about_y(angle: float) -> np.ndarray:
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, 0.0, sine], [0.0, 1.0, 0.0], [-sine, 0.0, cosine]])
