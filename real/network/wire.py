"""SERL's wire format: poses in one arm's own frame, quaternions x y z w, gripper counts.

Facts from https://github.com/rail-berkeley/serl and hil-serl, ``robot_servers/franka_server.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from real.tasks.preset import ArmPreset
from zprl_env.errors import UnknownNameError

ADDITIONS = "/zprl"
"""Path of the endpoints that only our server has; in replies the key of its additions."""


@dataclass(frozen=True)
class GripperWire:
    """A gripper's numbers on the wire, at its closed and at its open end.

    Attributes:
        command: Counts for ``/move_gripper``.
        reading: ``gripper_pos`` of ``/getstate``.
    """

    command: tuple[int, int]
    reading: tuple[float, float]

    def to_counts(self, opening: float) -> int:
        """Convert an opening from 0, closed, to 1, open, to counts.

        >>> GRIPPERS["robotiq"].to_counts(0.0), GRIPPERS["robotiq"].to_counts(1.0)
        (255, 0)
        """
        closed, opened = self.command
        return round(closed + float(np.clip(opening, 0.0, 1.0)) * (opened - closed))

    def from_counts(self, counts: float) -> float:
        """Convert counts to an opening."""
        return _share(counts, *self.command)

    def to_reading(self, opening: float) -> float:
        """Convert an opening to the number that is reported."""
        closed, opened = self.reading
        return closed + float(opening) * (opened - closed)

    def from_reading(self, reading: float) -> float:
        """Convert the reported number to an opening.

        >>> round(GRIPPERS["franka-metres"].from_reading(0.04), 3)
        0.5
        """
        return _share(reading, *self.reading)


GRIPPERS = {
    "robotiq": GripperWire((255, 0), (0.0, 1.0)),
    "robotiq-counts": GripperWire((255, 0), (255.0, 0.0)),
    "franka": GripperWire((0, 204), (0.0, 1.0)),
    "franka-metres": GripperWire((0, 204), (0.0, 0.08)),
}
"""Gripper numbers by server: hil-serl reports openings, SERL before it counts or metres."""


def gripper_wire(name: str | None, arm: ArmPreset) -> GripperWire:
    """Find a gripper's numbers.

    Args:
        name: One of `GRIPPERS`; hil-serl's for the arm's gripper if None.
        arm: The arm.

    Raises:
        UnknownNameError: There is no such one.
    """
    name = name or ("franka" if arm.gripper == "panda" else "robotiq")
    if name not in GRIPPERS:
        raise UnknownNameError("gripper", name, GRIPPERS)
    return GRIPPERS[name]


@dataclass(frozen=True)
class ArmFrame:
    """The frame of one arm, in which its server speaks, within the robot's.

    Example:
        >>> frame = ArmFrame(np.array([1.0, 0.0, 0.0]), np.pi / 2)
        >>> position, quaternion = np.array([1.0, 0.5, 0.2]), np.array([0.0, 1.0, 0.0, 0.0])
        >>> pose = frame.to_wire(position, quaternion)
        >>> pose[:3].round(3).tolist()
        [0.5, 0.0, 0.2]
        >>> np.allclose(frame.from_wire(pose)[1], quaternion)
        True
    """

    base: np.ndarray
    yaw: float
    _rotation: np.ndarray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        cos, sin = np.cos(self.yaw), np.sin(self.yaw)
        rotation = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
        object.__setattr__(self, "_rotation", rotation)

    @classmethod
    def of(cls, arm: ArmPreset) -> ArmFrame:
        """Make the frame of a preset's arm."""
        return cls(np.array(arm.base), arm.base_yaw)

    def to_wire(self, position: np.ndarray, quaternion: np.ndarray) -> np.ndarray:
        """Convert a pose to the arm's frame: x, y, z, qx, qy, qz, qw. Shape ``(7,)``."""
        turned = _turn(-self.yaw, quaternion)
        return np.concatenate([(position - self.base) @ self._rotation, np.roll(turned, -1)])

    def from_wire(self, pose: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Convert a pose to position [m] and unit quaternion, w first, in the robot's frame."""
        quaternion = np.roll(pose[3:], 1)
        quaternion = quaternion / np.linalg.norm(quaternion)
        return self._rotation @ pose[:3] + self.base, _turn(self.yaw, quaternion)

    def velocity_to_wire(self, linear: np.ndarray, angular: np.ndarray) -> np.ndarray:
        """Convert linear and angular velocity to the arm's frame. Shape ``(6,)``."""
        return np.concatenate([linear @ self._rotation, angular @ self._rotation])

    def velocity_from_wire(self, velocity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Convert linear [m/s] and angular velocity [rad/s] to the robot's frame."""
        return self._rotation @ velocity[:3], self._rotation @ velocity[3:]


def arm_urls(url: str, n_arms: int) -> tuple[str, ...]:
    """Return each arm's address, of several separated by commas or one server of ours for all.

    >>> arm_urls("http://a:5000,http://b:5000", 2)
    ('http://a:5000', 'http://b:5000')
    >>> arm_urls("http://a:5000", 2)
    ('http://a:5000/arm0', 'http://a:5000/arm1')
    """
    urls = tuple(part.strip().rstrip("/") for part in url.split(","))
    if len(urls) == 1 and n_arms > 1:
        return tuple(f"{urls[0]}/arm{arm}" for arm in range(n_arms))
    return urls


def additions(reply: Mapping[str, object]) -> Mapping[str, object]:
    """Return our server's additions to SERL's reply to ``/getstate``; empty for SERL's own."""
    added = reply.get(ADDITIONS.strip("/"))
    return added if isinstance(added, Mapping) else {}


def _share(value: float, low: float, high: float) -> float:
    return float(np.clip((value - low) / (high - low), 0.0, 1.0))


def _turn(yaw: float, quaternion: np.ndarray) -> np.ndarray:
    """Turn an orientation about the vertical."""
    cos, sin = np.cos(yaw / 2.0), np.sin(yaw / 2.0)
    w, x, y, z = quaternion
    return np.array([cos * w - sin * z, cos * x - sin * y, cos * y + sin * x, cos * z + sin * w])
