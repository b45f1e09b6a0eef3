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

from real.motion.box import ToolBox
from real.motion.grips import Grips
from real.robot import Space
from real.tasks.axes import axes_of
from real.tasks.coordinates import GRIPPER, MOTION, POSITION, ROTATION, coordinates_of
from real.tasks.preset import Preset

MARGIN = 1e-6
"""Distance that goals keep from the box's walls, for rounding [m or rad]."""
ROUNDING = 1e-9
AT_REST = 1e-9
TINY = 1e-13
SHARES = (1.0, 0.9999, 0.997, 0.97, 0.9)
"""Fractions of the limits that are tried one after the other. Ruckig finds no trajectory where two
kinds of profile meet exactly, such as from rest over 2 a^3 / j^2."""
NEARER = (0.4, 0.1, 0.02)
"""Fractions of a way that are tried where all of it would lead the tool out of its box."""


class Filtered(NamedTuple):
    """A target and the command that the filter made of it; shape ``(N, C)`` each.

    Attributes:
        coordinates: What to command.
        target: What was asked for; the goal itself where that was nothing to follow.
        goal: Its nearest point in the box.
    """

    coordinates: np.ndarray
    target: np.ndarray
    goal: np.ndarray


def changes(filtered: Sequence[Filtered], space: Space = "pose") -> dict[str, float]:
    """Measure how much was changed at most.

    Args:
        filtered: What the filter made of some targets.
        space: What was commanded.

    Returns:
        ``clipped``: how far targets were outside the box [m]; ``limited``: how far commands were
        behind their goals, because arms have limits [m]; ``clipped_rotation`` and
        ``limited_rotation`` likewise [rad]. Where joints were commanded ``clipped_joints`` and
        ``limited_joints`` [rad].
    """
    parts = {"": POSITION, "_rotation": ROTATION} if space == "pose" else {"_joints": MOTION}
    names = [f"{kind}{part}" for kind in ("clipped", "limited") for part in parts]
    if not filtered:
        return dict.fromkeys(names, 0.0)
    commands, targets, goals = (np.array(values) for values in zip(*filtered, strict=True))
    outside, behind = np.abs(targets - goals), np.abs(goals - commands)
    outside[outside <= 2.0 * MARGIN] = 0.0
    largest = [
        float(kind[..., part].max()) for kind in (outside, behind) for part in parts.values()
    ]
    return dict(zip(names, largest, strict=True))


class SafetyFilter:
    """Safety filter that turns any targets into commands that keep the preset's limits.

    Every axis follows the quickest trajectory to the target, clipped into the box, that its
    velocity, acceleration and jerk allow, and that ends at rest. Each period a new one is planned
    from where the last command was. It is taken only if all of it lies inside the box; otherwise
    the one before goes on, which did, so at any time there is a way to rest that leaves nothing.

    An arm that begins outside the box, where somebody has put it, never gets further outside.

    Where joints are commanded, the axes are the joints. The box of their limits is joined by one
    for the tools, if the preset has it: by forward kinematics each command must lie inside, and so
    must a way to rest from it. A target that does not is replaced by a place near it that does.

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
        self._period = 1.0 / preset.control_rate
        self._grips = Grips(preset)
        axes = axes_of(preset)
        self._box: ToolBox | None = None
        if preset.space == "joints" and any(arm.safety.boxed for arm in preset.arms):
            self._box = ToolBox(preset)
        ends = np.zeros((len(preset.arms), 1))
        self._lowest = np.concatenate([axes.low + MARGIN, ends], axis=1)  # of goals
        self._highest = np.concatenate([axes.high - MARGIN, ends + 1.0], axis=1)
        self._low, self._high = axes.low.ravel().tolist(), axes.high.ravel().tolist()
        self._velocities, self._accelerations, self._jerks = map(np.ravel, axes[2:])
        self._ruckig, self._input = Ruckig(len(self._low)), InputParameter(len(self._low))
        self._input.synchronization = Synchronization.No
        self._input.max_acceleration = self._accelerations.tolist()
        self.restart(coordinates_of(preset).home)

    @property
    def nearness(self) -> np.ndarray:
        """Half of what may be moved in a control period, per coordinate. Shape ``(N, C)``."""
        moved = self._velocities.reshape(len(self._lowest), -1) * self._period
        return 0.5 * np.concatenate([moved, self._grips.most[:, None]], 1)

    @property
    def at_rest(self) -> bool:
        """Whether the last command is at rest."""
        return max(map(abs, [*self._velocity, *self._acceleration])) < AT_REST

    @property
    def told_to_rest(self) -> bool:
        """Whether the last command is at rest, and repeats the one before.

        The last step to a place may be at rest there, and yet arms that keep their velocity in
        silence would creep on with it.
        """
        return self.at_rest and not np.abs(self._differences[0]).max() * self._period > AT_REST

    @property
    def resting_place(self) -> np.ndarray:
        """Place where the arms would come to rest if they braked now. Shape ``(N, C)``.

        The openings are those that the grippers are on their way to.
        """
        rest = self._braked()
        rest[:, GRIPPER] = self._goal[:, GRIPPER]
        return rest

    def restart(self, coordinates: np.ndarray) -> None:
        """Restart the filter with the arms at rest somewhere.

        Args:
            coordinates: Where. Shape ``(N, C)``, finite.
        """
        self.coordinates = np.array(coordinates, np.float64)
        self.coordinates[:, GRIPPER] = self._grips.begin(self.coordinates[:, GRIPPER])
        self._goal = self.coordinates.copy()
        self._velocity = self._acceleration = [0.0] * len(self._low)
        self._followed = self.coordinates.copy()
        self._differences = np.zeros((2, len(self._low)))  # of the last commands: first, second
        self._plan: Trajectory | None = None
        self._elapsed = 0.0

    def clip(self, target: np.ndarray) -> np.ndarray:
        """Return the point of the box that is nearest to a target. Shape ``(N, C)``.

        In a box for tools it is one near to it, or where the arms were to go before if none is
        found.
        """
        goal = np.minimum(np.maximum(target, self._lowest), self._highest)
        goal[:, GRIPPER] = self._grips.goal(goal[:, GRIPPER], self.coordinates[:, GRIPPER])
        if self._box is None:
            return goal
        inside = self._box.nearest(goal)
        if inside is None:
            goal[:, MOTION] = self._goal[:, MOTION]
            return goal
        return inside

    def advance(self, target: np.ndarray, speed: float = 1.0) -> Filtered:
        """Return the next command on the way to a target.

        Args:
            target: Where the arms shall be. Shape ``(N, C)``; anything else is not followed.
            speed: Fraction of the velocities to move with, in (0, 1].

        Returns:
            The command and what was changed.
        """
        wanted = self._followable(target)
        if wanted is None:
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
        wanted = self._followable(target)
        if wanted is None:
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

    def _followable(self, target: Any) -> np.ndarray | None:
        """Return a target as numbers; None if it is nothing to follow."""
        try:
            wanted = np.array(target, np.float64)
        except (TypeError, ValueError):
            return None
        fits = wanted.shape == self._goal.shape and bool(np.isfinite(wanted).all())
        return wanted if fits else None

    def _goes_on_safely(self, position: np.ndarray, velocity: list, acceleration: list) -> bool:
        """Go on at a state if there is a way to rest inside the box; else change nothing."""
        before = self.coordinates.copy(), self._velocity, self._acceleration
        self.coordinates[:, MOTION] = self._rows(position)
        self._velocity, self._acceleration = _clean(velocity), _clean(acceleration)
        plan = self._planned(ControlInterface.Velocity, 1.0)
        if plan is not None:
            self._input.target_position = plan.at_time(plan.duration)[0]
            plan = self._planned(ControlInterface.Position, 1.0)  # whose extrema are known
        if plan is not None and self._is_inside(plan) and self._is_boxed(plan, before[0]):
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
        self._goal = self.clip(self._braked())
        self._move(1.0)
        return Filtered(self.coordinates.copy(), self._goal, self._goal)

    def _braked(self) -> np.ndarray:
        """Return where the arms would be at rest; the goal if no way there is found."""
        plan = self._planned(ControlInterface.Velocity, 1.0)
        if plan is None:
            return self._goal.copy()
        rest = self.coordinates.copy()
        rest[:, MOTION] = self._rows(plan.at_time(plan.duration)[0])
        return rest

    def _move(self, speed: float) -> None:
        """Go on for a control period: on a new trajectory if it is safe, or on the last one."""
        before = self.coordinates.copy()
        if self._box is not None and self._steps_inside(self._box, speed):
            self._note(before)
            self._grip(speed)
            return
        plan = self._plan_to(self._goal, speed) if self._box is None else None
        if plan is not None:
            self._plan, self._elapsed = plan, 0.0
        if self._plan is not None:
            self._elapsed += self._period
            moved, velocity, acceleration = self._plan.at_time(self._elapsed)
            self.coordinates[:, MOTION] = self._rows(moved)
            self._velocity, self._acceleration = _clean(velocity), _clean(acceleration)
        self._note(before)
        self._grip(speed)

    def _grip(self, speed: float) -> None:
        """Go on with the grippers."""
        now, goal = self.coordinates[:, GRIPPER], self._goal[:, GRIPPER]
        self.coordinates[:, GRIPPER] = self._grips.advance(now, goal, speed)

    def _plan_to(self, goal: np.ndarray, speed: float) -> Trajectory | None:
        """Plan to a goal; None if there is no way that stays inside the limits of all axes."""
        self._input.target_position = goal[:, MOTION].ravel().tolist()
        plan = self._planned(ControlInterface.Position, speed)
        return plan if plan is not None and self._is_inside(plan) else None

    def _steps_inside(self, box: ToolBox, speed: float) -> bool:
        """Go on for a period if the tools can come to rest from there inside their box.

        Where the way to the goal leads out of it, nearer places towards it are tried.
        """
        for share in (1.0, *NEARER):
            goal: np.ndarray | None = self._goal
            if share < 1.0:
                goal = box.nearest(self.coordinates + share * (self._goal - self.coordinates))
            plan = None if goal is None else self._plan_to(goal, speed)
            if plan is not None and self._goes_on_safely(*plan.at_time(self._period)):
                return True
        return False

    def _rows(self, values: Any) -> np.ndarray:
        """Return numbers of all axes arm by arm. Shape ``(N, C - 1)``."""
        return np.reshape(values, (len(self._lowest), -1))

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
        """Tell whether a trajectory stays inside the limits, extended to where it begins."""
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

    def _is_boxed(self, plan: Trajectory, before: np.ndarray) -> bool:
        """Tell whether a trajectory keeps the tools in their box, extended to where they were."""
        if self._box is None:
            return True
        times = self._period * np.arange(1 + np.ceil(plan.duration / self._period))
        places = [self._rows(plan.at_time(time)[0]) for time in times.tolist()]
        return self._box.holds(places, before[:, MOTION])


def _clean(values: Sequence[float]) -> list[float]:
    """Return zeros for numbers such as 1e-48, which Ruckig stumbles over."""
    return [value if abs(value) > TINY else 0.0 for value in values]
