"""What no policy can talk a robot out of: a box, and limits on how the arms move in it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from ruckig import ControlInterface, InputParameter, Ruckig, Synchronization, Trajectory

from real.coordinates import GRIPPER, POSITION, ROTATION, Coordinates
from real.presets import Preset

MARGIN = 1e-6
"""Distance that goals keep from the box's walls, for rounding [m or rad]."""
ROUNDING = 1e-9
AT_REST = 1e-9


class Filtered(NamedTuple):
    """What the filter made of a target.

    Attributes:
        coordinates: What to command. Shape ``(N, 7)``.
        clipped: How far the target was outside the box [m].
        clipped_rotation: Likewise [rad].
        limited: How far the command is behind the target, because arms have limits [m].
        limited_rotation: Likewise [rad].
        valid: Whether the target was N rows of seven finite numbers; the last one holds if not.
    """

    coordinates: np.ndarray
    clipped: float = 0.0
    clipped_rotation: float = 0.0
    limited: float = 0.0
    limited_rotation: float = 0.0
    valid: bool = True


class SafetyFilter:
    """Turns any sequence of targets into commands that keep the preset's limits.

    Every axis follows the quickest trajectory to the target, clipped into the box, that its
    velocity, acceleration and jerk allow, and that ends at rest. Each period a new one is planned
    from where the last command was. It is taken only if all of it lies inside the box; otherwise
    the one before goes on, which did, so at any time there is a way to rest that leaves nothing.

    An arm that begins outside the box, where somebody has put it, never gets further outside.

    Args:
        preset: The task.

    Example:
        >>> from real.presets import load_preset
        >>> safety = SafetyFilter(load_preset("place-orange"))
        >>> far = safety.coordinates + 10.0
        >>> for _ in range(600):
        ...     filtered = safety.advance(far)
        >>> filtered.coordinates[0, :3].round(4).tolist()  # the corner of the box
        [0.58, 0.3, 0.45]
    """

    def __init__(self, preset: Preset) -> None:
        limits = [arm.safety for arm in preset.arms]
        self._period = 1.0 / preset.control_rate
        self._low = np.array([[*s.low, *(-r for r in s.rotation)] for s in limits])
        self._high = np.array([[*s.high, *s.rotation] for s in limits])
        self._motion = {
            "max_velocity": _per_axis([(s.velocity, s.angular_velocity) for s in limits]),
            "max_acceleration": _per_axis(
                [(s.acceleration, s.angular_acceleration) for s in limits]
            ),
            "max_jerk": _per_axis([(s.jerk, s.angular_jerk) for s in limits]),
        }
        self._opening = np.array([s.gripper_velocity for s in limits]) * self._period
        axes = self._low.size
        self._ruckig, self._input = Ruckig(axes), InputParameter(axes)
        self._input.synchronization = Synchronization.No
        self._speed = 0.0
        self.restart(Coordinates(preset).home)

    @property
    def at_rest(self) -> bool:
        """Whether the last command does not move."""
        return max(map(abs, [*self._velocity, *self._acceleration])) < AT_REST

    def restart(self, coordinates: np.ndarray) -> None:
        """Take the arms to be at rest somewhere.

        Args:
            coordinates: Where. Shape ``(N, 7)``, finite.
        """
        self.coordinates = np.array(coordinates, np.float64)
        self._goal = self.coordinates.copy()
        self._velocity = self._acceleration = [0.0] * self._low.size
        self._plan: Trajectory | None = None
        self._elapsed = 0.0

    def clip(self, target: np.ndarray) -> np.ndarray:
        """Return the point of the box that is nearest to a target. Shape ``(N, 7)``."""
        inside = np.array(target)
        inside[:, :6] = np.clip(target[:, :6], self._low + MARGIN, self._high - MARGIN)
        inside[:, GRIPPER] = np.clip(target[:, GRIPPER], 0.0, 1.0)
        return inside

    def advance(self, target: np.ndarray, speed: float = 1.0) -> Filtered:
        """Return the next command on the way to a target.

        Args:
            target: Where the arms shall be. Shape ``(N, 7)``; anything else is not followed.
            speed: Fraction of the limits to move with, in (0, 1].

        Returns:
            The command and what was changed.
        """
        try:
            target = np.asarray(target, np.float64)
            valid = target.shape == self._goal.shape and bool(np.isfinite(target).all())
        except (TypeError, ValueError):
            valid = False
        goal = self._goal = self.clip(target) if valid else self._goal
        self._input.control_interface = ControlInterface.Position
        self._input.target_position = goal[:, :6].ravel().tolist()
        self._move(goal[:, GRIPPER], speed)
        beyond = np.abs(target - goal) if valid else np.zeros_like(goal)
        beyond[beyond <= MARGIN * 1.01] = 0.0
        behind = np.abs(goal - self.coordinates)
        return Filtered(
            self.coordinates.copy(),
            float(beyond[:, POSITION].max()),
            float(beyond[:, ROTATION].max()),
            float(behind[:, POSITION].max()),
            float(behind[:, ROTATION].max()),
            valid,
        )

    def brake(self) -> Filtered:
        """Return the next command on the way to rest, the quickest that the limits allow."""
        self._input.control_interface = ControlInterface.Velocity
        self._move(self.coordinates[:, GRIPPER], 1.0)
        self._goal = self.coordinates.copy()
        return Filtered(self.coordinates.copy())

    def _move(self, grippers: np.ndarray, speed: float) -> None:
        """Go on for a control period: on a new trajectory if it is safe, or on the last one."""
        if speed != self._speed:
            self._speed = speed
            for name, values in self._motion.items():
                setattr(self._input, name, (speed * values).tolist())
        position = self.coordinates[:, :6].ravel()
        self._input.current_position = position.tolist()
        self._input.current_velocity = self._velocity
        self._input.current_acceleration = self._acceleration
        plan = Trajectory(position.size)
        result = self._ruckig.calculate(self._input, plan)
        if result >= 0 and self._is_inside(plan, position):
            self._plan, self._elapsed = plan, 0.0
        if self._plan is not None:
            self._elapsed += self._period
            moved, self._velocity, self._acceleration = self._plan.at_time(self._elapsed)
            self.coordinates[:, :6] = np.reshape(moved, (-1, 6))
        change = np.clip(
            grippers - self.coordinates[:, GRIPPER], -speed * self._opening, speed * self._opening
        )
        self.coordinates[:, GRIPPER] += change

    def _is_inside(self, plan: Trajectory, position: np.ndarray) -> bool:
        """Whether a trajectory stays inside the box, or inside what reaches to its beginning."""
        low = np.minimum(self._low.ravel(), position - ROUNDING)
        high = np.maximum(self._high.ravel(), position + ROUNDING)
        extrema = plan.position_extrema
        return all(
            a <= bound.min and bound.max <= b
            for a, bound, b in zip(low, extrema, high, strict=True)
        )


def _per_axis(limits: list[tuple[float, float]]) -> np.ndarray:
    """Spread each arm's linear and angular limit over its axes. Shape ``(6 N,)``."""
    return np.repeat(np.array(limits), 3, axis=1).ravel()
