"""The safety filter: a box, and limits on velocity, acceleration and jerk of every command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from ruckig import (
    ControlInterface,
    InputParameter,
    Ruckig,
    RuckigError,
    Synchronization,
    Trajectory,
)

from real.tasks.coordinates import GRIPPER, MOTION, POSITION, ROTATION, Coordinates
from real.tasks.preset import Preset

MARGIN = 1e-6
"""Distance that goals keep from the box's walls, for rounding [m or rad]."""
ROUNDING = 1e-9
AT_REST = 1e-9
TINY = 1e-13
SHARES = (1.0, 0.9999, 0.997, 0.97, 0.9)
"""Fractions of the limits that are tried one after the other. Ruckig finds no trajectory where two
kinds of profile meet exactly, such as from rest over 2 a^3 / j^2."""


class Filtered(NamedTuple):
    """A target and the command that the filter made of it; shape ``(N, 7)`` each.

    Attributes:
        coordinates: What to command.
        target: What was asked for; the goal itself where that was nothing to follow.
        goal: Its nearest point in the box.
    """

    coordinates: np.ndarray
    target: np.ndarray
    goal: np.ndarray


def changes(filtered: Sequence[Filtered]) -> dict[str, float]:
    """Measure how much was changed at most.

    Args:
        filtered: What the filter made of some targets.

    Returns:
        ``clipped``: how far targets were outside the box [m]; ``limited``: how far commands were
        behind their goals, because arms have limits [m]; ``clipped_rotation`` and
        ``limited_rotation`` likewise [rad].
    """
    if not filtered:
        return dict.fromkeys(("clipped", "clipped_rotation", "limited", "limited_rotation"), 0.0)
    commands, targets, goals = (np.array(values) for values in zip(*filtered, strict=True))
    outside, behind = np.abs(targets - goals), np.abs(goals - commands)
    outside[outside <= 2.0 * MARGIN] = 0.0
    return {
        "clipped": float(outside[..., POSITION].max()),
        "clipped_rotation": float(outside[..., ROTATION].max()),
        "limited": float(behind[..., POSITION].max()),
        "limited_rotation": float(behind[..., ROTATION].max()),
    }


class SafetyFilter:
    """Safety filter that turns any targets into commands that keep the preset's limits.

    Every axis follows the quickest trajectory to the target, clipped into the box, that its
    velocity, acceleration and jerk allow, and that ends at rest. Each period a new one is planned
    from where the last command was. It is taken only if all of it lies inside the box; otherwise
    the one before goes on, which did, so at any time there is a way to rest that leaves nothing.

    An arm that begins outside the box, where somebody has put it, never gets further outside.

    Args:
        preset: The task.

    Example:
        >>> from real.tasks.files import load_preset
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
        low = np.array([[*s.low, *(-r for r in s.rotation), 0.0] for s in limits])
        high = np.array([[*s.high, *s.rotation, 1.0] for s in limits])
        margin = np.array([MARGIN] * 6 + [0.0])
        self._lowest, self._highest = low + margin, high - margin  # of goals
        self._low, self._high = low[:, MOTION].ravel().tolist(), high[:, MOTION].ravel().tolist()
        self._velocities = _per_axis([(s.velocity, s.angular_velocity) for s in limits])
        self._jerks = _per_axis([(s.jerk, s.angular_jerk) for s in limits])
        self._opening = np.array([s.gripper_velocity for s in limits]) * self._period
        axes = len(self._low)
        self._ruckig, self._input = Ruckig(axes), InputParameter(axes)
        self._input.synchronization = Synchronization.No
        self._accelerations = _per_axis([(s.acceleration, s.angular_acceleration) for s in limits])
        self._input.max_acceleration = self._accelerations.tolist()
        self.restart(Coordinates(preset).home)

    @property
    def nearness(self) -> np.ndarray:
        """Half of what may be moved in a control period, per coordinate. Shape ``(N, 7)``."""
        moved = np.concatenate(
            [self._velocities.reshape(-1, 6) * self._period, self._opening[:, None]], 1
        )
        return 0.5 * moved

    @property
    def at_rest(self) -> bool:
        """Whether the last command is at rest."""
        return max(map(abs, [*self._velocity, *self._acceleration])) < AT_REST

    def restart(self, coordinates: np.ndarray) -> None:
        """Restart the filter with the arms at rest somewhere.

        Args:
            coordinates: Where. Shape ``(N, 7)``, finite.
        """
        self.coordinates = np.array(coordinates, np.float64)
        self._goal = self.coordinates.copy()
        self._velocity = self._acceleration = [0.0] * len(self._low)
        self._followed = self.coordinates.copy()
        self._differences = np.zeros((2, len(self._low)))  # of the last commands: first, second
        self._plan: Trajectory | None = None
        self._elapsed = 0.0

    def clip(self, target: np.ndarray) -> np.ndarray:
        """Return the point of the box that is nearest to a target. Shape ``(N, 7)``."""
        return np.minimum(np.maximum(target, self._lowest), self._highest)

    def advance(self, target: np.ndarray, speed: float = 1.0) -> Filtered:
        """Return the next command on the way to a target.

        Args:
            target: Where the arms shall be. Shape ``(N, 7)``; anything else is not followed.
            speed: Fraction of the velocities to move with, in (0, 1].

        Returns:
            The command and what was changed.
        """
        try:
            wanted = np.array(target, np.float64)
            valid = wanted.shape == self._goal.shape and bool(np.isfinite(wanted).all())
        except (TypeError, ValueError):
            valid = False
        if not valid:
            wanted = self._goal
        self._goal = self.clip(wanted)
        self._move(speed)
        return Filtered(self.coordinates.copy(), wanted, self._goal)

    def follow(self, target: np.ndarray) -> Filtered:
        """Return the target itself if it keeps the limits as the next command; else go towards it.

        For commands that were filtered before, one per control period, which are not to be delayed
        by a second filter, and for all others alike: whatever comes, the limits are kept.

        Args:
            target: As in :meth:`advance`.
        """
        wanted = np.asarray(target, np.float64)
        if wanted.shape != self._goal.shape or not np.isfinite(wanted).all():
            return self.advance(target)
        goal = self.clip(wanted)
        moves = (goal - self._followed)[:, MOTION].ravel() / self._period
        self._followed = goal
        before = self.coordinates.copy()
        for state in (self._joined(goal), self._meeting(goal, moves)):
            if state is not None and self._goes_on_safely(*state):
                self._goal = goal
                self._note(before)
                self._grip(1.0)
                return Filtered(self.coordinates.copy(), wanted, goal)
        return self.advance(target)

    def _goes_on_safely(self, position: np.ndarray, velocity: list, acceleration: list) -> bool:
        """Go on at a state if there is a way to rest inside the box; else change nothing."""
        before = self.coordinates.copy(), self._velocity, self._acceleration
        self.coordinates[:, MOTION] = np.reshape(position, (-1, 6))
        self._velocity, self._acceleration = velocity, acceleration
        plan = self._planned(ControlInterface.Velocity, 1.0)
        if plan is not None:
            self._input.target_position = plan.at_time(plan.duration)[0]
            plan = self._planned(ControlInterface.Position, 1.0)  # whose extrema are known
        if plan is not None and self._is_inside(plan):
            self._plan, self._elapsed = plan, 0.0
            return True
        self.coordinates, self._velocity, self._acceleration = before
        return False

    def _meeting(self, goal: np.ndarray, moves: np.ndarray) -> tuple[Any, list, list] | None:
        """Return the state after a period on the way to meet a goal that moves; None if too quick.

        Args:
            goal: Where it is.
            moves: How fast it moves. Shape ``(6 N,)``.
        """
        # No more than is gained on the way there: nobody goes back for a run-up.
        ahead = (goal - self.coordinates)[:, MOTION].ravel() * np.sign(moves)
        ahead -= np.abs(moves) * self._accelerations / self._jerks
        now = np.maximum(np.array(self._velocity) * np.sign(moves), 0.0)
        gained = np.sqrt(now**2 + 2.0 * self._accelerations * np.maximum(ahead, 0.0))
        most = np.where(ahead > 0.0, np.minimum(0.99 * self._velocities, 0.9 * gained), 0.0)
        self._input.target_position = goal[:, MOTION].ravel().tolist()
        self._input.target_velocity = np.clip(moves, -most, most).tolist()
        plan = self._planned(ControlInterface.Position, 1.0)
        self._input.target_velocity = [0.0] * len(self._low)
        if plan is None:
            return None
        position, velocity, acceleration = plan.at_time(self._period)
        return position, velocity, acceleration

    def _joined(self, goal: np.ndarray) -> tuple[Any, list, list] | None:
        """Return the state after a step that ends at a goal; None if that is too quick.

        A command's first three differences must keep the limits. Where they do, whatever goes on
        from here with at most the largest jerk keeps them as well, by commands a period T apart, if
        its velocity v and acceleration a satisfy, beside the first and second difference d1 and d2,

            |v - d1 - a T / 2| <= j T^2 / 6,    |v + a T / 2 - d1 - d2 T| <= 5/6 j T^2.

        Of those from which velocity and acceleration are not exceeded, the one is taken that is
        nearest to going on at the same velocity.
        """
        period, jerks = self._period, self._jerks
        first = (goal - self.coordinates)[:, MOTION].ravel() / period
        second = (first - self._differences[0]) / period
        third = (second - self._differences[1]) / period
        kept = 1.0 + 1e-6
        if not (
            (np.abs(first) <= kept * self._velocities).all()
            and (np.abs(second) <= kept * self._accelerations).all()
            and (np.abs(third) <= kept * jerks).all()
        ):
            return None
        turn, shift = np.meshgrid(np.linspace(-5 / 6, 5 / 6, 61), np.linspace(-1 / 6, 1 / 6, 7))
        a = second + turn.reshape(-1, 1) * jerks * period
        off = shift.reshape(-1, 1) * jerks * period**2
        v = first + 0.5 * period * a + off
        allowed = np.abs(a * period + off - second * period) <= 5 / 6 * kept * jerks * period**2
        peak = np.maximum(np.abs(v), np.abs(v + 0.5 * a * np.abs(a) / jerks))
        steepest = np.maximum(np.abs(a), np.abs(a + 2.0 * off / period))
        allowed &= (peak <= kept * self._velocities) & (steepest <= kept * self._accelerations)
        if not allowed.any(axis=0).all():
            return None
        away = np.where(allowed, np.abs(a), np.inf)
        best, axes = away.argmin(axis=0), np.arange(len(jerks))
        return goal[:, MOTION], v[best, axes].tolist(), a[best, axes].tolist()

    def _note(self, before: np.ndarray) -> None:
        """Note the differences of the last commands."""
        first = (self.coordinates - before)[:, MOTION].ravel() / self._period
        self._differences = np.stack([first, (first - self._differences[0]) / self._period])

    def brake(self) -> Filtered:
        """Return the next command on the way to rest, the quickest that the limits allow."""
        plan = self._planned(ControlInterface.Velocity, 1.0)
        if plan is not None:
            rest = self.coordinates.copy()
            rest[:, MOTION] = np.reshape(plan.at_time(plan.duration)[0], (-1, 6))
            self._goal = self.clip(rest)
        self._move(1.0)
        return Filtered(self.coordinates.copy(), self._goal, self._goal)

    def _move(self, speed: float) -> None:
        """Go on for a control period: on a new trajectory if it is safe, or on the last one."""
        before = self.coordinates.copy()
        self._input.target_position = self._goal[:, MOTION].ravel().tolist()
        plan = self._planned(ControlInterface.Position, speed)
        if plan is not None and self._is_inside(plan):
            self._plan, self._elapsed = plan, 0.0
        if self._plan is not None:
            self._elapsed += self._period
            moved, velocity, acceleration = self._plan.at_time(self._elapsed)
            self.coordinates[:, MOTION] = np.reshape(moved, (-1, 6))
            # Ruckig stumbles over velocities as small as 1e-48.
            self._velocity = [v if abs(v) > TINY else 0.0 for v in velocity]
            self._acceleration = [a if abs(a) > TINY else 0.0 for a in acceleration]
        self._note(before)
        self._grip(speed)

    def _grip(self, speed: float) -> None:
        """Go on with the grippers."""
        most = speed * self._opening
        opening = self._goal[:, GRIPPER] - self.coordinates[:, GRIPPER]
        self.coordinates[:, GRIPPER] += np.minimum(np.maximum(opening, -most), most)

    def _planned(self, interface: ControlInterface, speed: float) -> Trajectory | None:
        """Plan from where the arms are; None if no plan could be made."""
        plan = Trajectory(len(self._low))
        self._input.control_interface = interface
        self._input.current_position = self.coordinates[:, MOTION].ravel().tolist()
        self._input.current_velocity = self._velocity
        self._input.current_acceleration = self._acceleration
        for share in SHARES:
            self._input.max_velocity = (speed * share * self._velocities).tolist()
            self._input.max_jerk = (share * self._jerks).tolist()
            try:
                if self._ruckig.calculate(self._input, plan) >= 0:
                    return plan
            except RuckigError:
                continue
        return None

    def _is_inside(self, plan: Trajectory) -> bool:
        """Tell whether a trajectory stays inside the box, extended to where it begins."""
        return all(
            min(low, position - ROUNDING) <= extrema.min
            and extrema.max <= max(high, position + ROUNDING)
            for low, high, position, extrema in zip(
                self._low,
                self._high,
                self._input.current_position,
                plan.position_extrema,
                strict=True,
            )
        )


def _per_axis(limits: list[tuple[float, float]]) -> np.ndarray:
    """Spread each arm's linear and angular limit over its axes. Shape ``(6 N,)``."""
    return np.repeat(np.array(limits), 3, axis=1).ravel()
