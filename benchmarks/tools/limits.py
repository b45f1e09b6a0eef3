"""Limits of a robot's commands, looked at without knowing how they came about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from real.robot import RobotCommand
from real.tasks.preset import Preset

TOLERANCE = 1e-6
ORDERS = ("velocity", "acceleration", "jerk")


class Extreme(NamedTuple):
    """The largest value of one kind among some commands.

    Attributes:
        arm: Which arm.
        name: ``"position"``, ``"rotation"`` and ``"gripper"`` are how far outside of the box;
            ``"velocity"``, ``"angular jerk"`` and so on the largest of a finite difference.
        size: How large it is [m, rad, s].
        limit: How large it may be; 0 for what is not to be outside.
        rounding: What digits alone may add.
    """

    arm: int
    name: str
    size: float
    limit: float
    rounding: float

    @property
    def kept(self) -> bool:
        """Whether the limit was kept."""
        return bool(self.size <= self.limit * (1.0 + TOLERANCE) + self.rounding)

    def __str__(self) -> str:
        if not self.limit:
            return f"arm {self.arm}: {self.name} is {self.size:.3g} outside"
        return f"arm {self.arm}: {self.name} is {self.size:.6g}, limit {self.limit:g}"


def extremes(
    commands: Sequence[RobotCommand], preset: Preset, *, begun: bool = False
) -> list[Extreme]:
    """Measure the largest finite differences of a stretch of commands, and what left the box.

    Args:
        commands: One per control period. The first is where the arms were at rest.
        preset: The limits.
        begun: Whether the first is a period of the way from there instead. Where they were at rest
            nobody has told then: as it fits best, no further than a period with the largest jerk.
    """
    arms = range(len(preset.arms))
    return [one for arm in arms for one in _of_arm(commands, preset, arm, begun)]


def violations(commands: Sequence[RobotCommand], preset: Preset) -> list[str]:
    """Say which limits a stretch of commands breaks, by finite differences.

    Args:
        commands: One per control period. The first is where the arms were at rest.
        preset: The limits.

    Returns:
        A sentence per limit that is broken.
    """
    return [str(one) for one in extremes(commands, preset) if not one.kept]


def _rest(places: np.ndarray, jerk: float, period: float) -> np.ndarray:
    """Return where a motion began that has gone on for a period at its first place.

    It is a place from which the first three third differences keep the limit, if there is one: the
    middle of those, axis by axis. Shape like a place's.
    """
    now, then, last = (places[min(n, len(places) - 1)] for n in range(3))
    most = jerk * period**3
    second, third = then - now, last - 3.0 * then + 2.0 * now
    lowest = np.maximum(np.maximum(-most / 6.0, -0.5 * (most + second)), third - most)
    highest = np.minimum(np.minimum(most / 6.0, 0.5 * (most - second)), third + most)
    return now + np.clip(0.5 * (lowest + highest), -most / 6.0, most / 6.0)


def _of_arm(
    commands: Sequence[RobotCommand], preset: Preset, arm: int, begun: bool
) -> Iterator[Extreme]:
    settings, period = preset.arms[arm], 1.0 / preset.control_rate
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
    rests = position[0], vector[0]
    if begun and np.isfinite(position).all():
        rests = (
            _rest(position, limits.jerk, period),
            _rest(vector, limits.angular_jerk, period),
        )
    lasting = 3 * [rests[0]], 3 * [rests[1]], 3 * [gripper[0]]
    position, vector, gripper = (
        np.concatenate([begin, rest])
        for begin, rest in zip(lasting, (position, vector, gripper), strict=True)
    )

    def outside(name: str, values: np.ndarray, low: Any, high: Any) -> Extreme:
        # Outside is only what began there, and it does not get further out.
        least, most = np.minimum(low, values[0]), np.maximum(high, values[0])
        beyond = float(np.maximum(least - values, values - most).max())
        return Extreme(arm, name, beyond if np.isfinite(beyond) else np.inf, 0.0, TOLERANCE)

    def difference(name: str, values: np.ndarray, order: int, limit: float) -> Extreme:
        size = float(np.abs(np.diff(values, order, axis=0)).max(initial=0.0)) / period**order
        rounding = 1e-13 / period**order
        return Extreme(arm, name, size if np.isfinite(size) else np.inf, limit, rounding)

    yield outside("position", position, low, high)
    yield outside("rotation", vector, -turned, turned)
    yield outside("gripper", gripper, 0.0, 1.0)
    for order, name in enumerate(ORDERS, start=1):
        yield difference(name, position, order, getattr(limits, name))
        yield difference(f"angular {name}", vector, order, getattr(limits, f"angular_{name}"))
    if settings.gripping.kind == "continuous":
        yield difference("gripper's velocity", gripper, 1, limits.gripper_velocity)
