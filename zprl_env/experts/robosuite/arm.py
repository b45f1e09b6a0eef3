"""One robot arm of an expert: its state in the observation, and its motion towards a goal."""

from __future__ import annotations

from collections.abc import Generator, Mapping

import numpy as np

Observation = Mapping[str, np.ndarray]
Plan = Generator[np.ndarray, None, None]
"""A person's plan, or part of one: yields one action per control step."""

OPEN, CLOSED = -1.0, 1.0
METRES_PER_UNIT, RADIANS_PER_UNIT = 0.05, 0.5  # of robosuite's OSC_POSE action
GAIN, TURN_GAIN, SMOOTHING = 1.4, 1.4, 0.5


class Arm:
    """One robot arm: its state in the observation, and its motion towards a goal.

    Motion is proportional to the distance, limited to a speed and smoothed, like a hand on a
    space-mouse.

    Args:
        prefix: What the arm's keys in the observation begin with.

    Example:
        >>> arm = Arm()
        >>> arm.observe({
        ...     "robot0_eef_pos": np.array([0.0, 0.0, 1.0]),
        ...     "robot0_eef_quat": np.array([1.0, 0.0, 0.0, 0.0]),
        ...     "robot0_gripper_qpos": np.array([0.02, -0.02]),
        ... })
        >>> arm.towards(np.array([0.0, 0.0, 1.1]), CLOSED, turn=0.0, speed=0.5).tolist()
        [0.0, 0.0, 0.25, 0.0, 0.0, 0.0, 1.0]
    """

    def __init__(self, prefix: str = "robot0_") -> None:
        self.prefix = prefix
        self._observation: Observation = {}
        self._velocity = np.zeros(3)

    def reset(self) -> None:
        """Begin a new episode, at rest."""
        self._velocity = np.zeros(3)

    def observe(self, observation: Observation) -> None:
        """Take in the present observation, by its keys."""
        self._observation = observation

    @property
    def position(self) -> np.ndarray:
        """Point at which the fingers meet. Shape ``(3,)`` [m]."""
        return np.asarray(self._observation[f"{self.prefix}eef_pos"], dtype=np.float64)

    @property
    def yaw(self) -> float:
        """Turn of the hand about the vertical; 0 at the start of an episode [rad]."""
        return yaw(self._observation[f"{self.prefix}eef_quat"])

    @property
    def gap(self) -> float:
        """Distance between the fingers [m]."""
        left, right = self._observation[f"{self.prefix}gripper_qpos"][:2]
        return float(left - right)

    def towards(self, goal: np.ndarray, grip: float, *, turn: float, speed: float) -> np.ndarray:
        """Return the action of one control step towards a goal.

        Args:
            goal: Where the hand is to go. Shape ``(3,)``. [m]
            grip: ``OPEN`` or ``CLOSED``.
            turn: Angle about the vertical that is still to be turned. [rad]
            speed: Largest command, as a share of the controller's range, in (0, 1].

        Returns:
            Shape ``(7,)``, float32.
        """
        wanted = GAIN * (goal - self.position) / METRES_PER_UNIT
        wanted *= min(1.0, speed / max(float(np.linalg.norm(wanted)), 1e-9))
        self._velocity = self._velocity + (1.0 - SMOOTHING) * (wanted - self._velocity)
        spin = float(np.clip(TURN_GAIN * turn / RADIANS_PER_UNIT, -0.5 * speed, 0.5 * speed))
        action = np.array([*self._velocity, 0.0, 0.0, spin, grip], dtype=np.float32)
        return np.clip(action, -1.0, 1.0)


def yaw(quaternion: np.ndarray) -> float:
    """Return the direction of a body's x axis in the table's plane, from (x, y, z, w) [rad].

    Example:
        >>> round(yaw(np.array([0.0, 0.0, np.sin(0.15), np.cos(0.15)])), 6)
        0.3
    """
    x, y, z, w = np.asarray(quaternion, dtype=np.float64)
    return float(np.arctan2(2.0 * (x * y + z * w), 1.0 - 2.0 * (y * y + z * z)))


def wrapped(angle: float, period: float = 2 * np.pi) -> float:
    """Return the smallest angle that differs by whole periods: in ``[-period/2, period/2)`` [rad].

    Example:
        >>> wrapped(1.0, 4.0), wrapped(3.5, 4.0)
        (1.0, -0.5)
    """
    return (angle + period / 2) % period - period / 2
