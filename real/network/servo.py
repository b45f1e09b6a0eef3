"""One served arm: where a client wants it, and the filter that takes it there within its limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np

from real.motion.safety import SafetyFilter
from real.robot import JointCommand, RobotCommand, RobotState
from real.tasks.coordinates import GRIPPER, MOTION, coordinates_of
from real.tasks.preset import Preset

EARLY = 0.5
"""Fraction of a period that a command may come before its time, to make up for a late one."""


class Servo:
    """One arm on its way to where it was sent last, by a command per control period.

    A client that filters its commands, one per period, has them passed on as they are. All others,
    who send a distant pose once or ten times in a second, have theirs made a way of many commands.
    The first of each motion is where the arm is, whatever was asked for: so its robot's commands
    keep the limits by themselves, from the first one on.

    Args:
        preset: The task.
        arm: Which arm.

    Attributes:
        preset: The task with this arm alone.
        target: Where it was sent. Shape ``(1, C)``; None where nothing is known.
        fresh: Whether no command has gone towards that yet.
        due: When the next command may go [s].
    """

    def __init__(self, preset: Preset, arm: int) -> None:
        self.preset = preset.model_copy(update={"arms": (preset.arms[arm],)})
        self._arm = arm
        self.coordinates = coordinates_of(self.preset)
        self.filter = SafetyFilter(self.preset)
        self.target: np.ndarray | None = None
        self.fresh = False
        self.due = -np.inf
        self.known = self._begun = False

    def find(self, state: RobotState) -> None:
        """Begin at rest where the arm is measured to be, with the gripper as it was told."""
        here = self.coordinates.of(_of_arm(state, self._arm))
        if self.target is not None:
            here[:, GRIPPER] = self.filter.coordinates[:, GRIPPER]
        self.filter.restart(here)
        self.target, self.fresh, self.known = here.copy(), False, True
        self._begun = False

    def send(self, motion: np.ndarray) -> None:
        """Send the arm somewhere. Shape ``(C - 1,)``."""
        if self.target is not None:
            self.target[0, MOTION], self.fresh = motion, True

    def grip(self, opening: float) -> None:
        """Open or close the gripper, with the next command."""
        if self.target is not None:
            self.target[:, GRIPPER] = opening

    def hold(self) -> None:
        """Forget where it was sent; it will have to be measured."""
        self.filter.restart(self.filter.coordinates)
        self.fresh = self.known = False

    def is_due(self, now: float) -> bool:
        """Tell whether a command is to go now: a client's, or one on the way that it began."""
        margin = EARLY / self.preset.control_rate
        if not self.known:
            return False
        if self.fresh:
            return now >= self.due - margin
        return self.moving and now >= self.due + margin

    @property
    def moving(self) -> bool:
        """Whether it is on its way."""
        if not self.known or self.target is None:
            return False
        goal = self.filter.clip(self.target)
        away = np.abs(goal - self.filter.coordinates).max() > 1e-9
        return bool(away) or not self.filter.told_to_rest

    def advance(self, now: float, *, brake: bool = False) -> None:
        """Go on for a period."""
        period = 1.0 / self.preset.control_rate
        self.due = (self.due if abs(now - self.due) <= EARLY * period else now) + period
        if not self._begun:
            self._begun = True
        elif brake and self.target is not None and not self.filter.at_rest:
            self.filter.brake()  # what a gripper was told it does all the same
            self.target[:, MOTION], self.fresh = self.filter.coordinates[:, MOTION], False
        elif self.target is not None:
            (self.filter.follow if self.fresh else self.filter.advance)(self.target)
            self.fresh = False

    def command(self) -> RobotCommand | JointCommand:
        """Return what to command this arm alone."""
        command: RobotCommand | JointCommand = self.coordinates.command(self.filter.coordinates)
        return command


def command_of(servos: Sequence[Servo]) -> RobotCommand | JointCommand:
    """Return what to command all arms together."""
    commands = [servo.command() for servo in servos]
    parts = [
        np.concatenate(part) for part in zip(*(vars(c).values() for c in commands), strict=True)
    ]
    return type(commands[0])(*parts)


def _of_arm(state: RobotState, arm: int) -> RobotState:
    """Return what was measured of one arm."""
    one = slice(arm, arm + 1)
    names = [field.name for field in fields(state) if field.name not in ("stamp", "objects")]
    return replace(state, **{name: getattr(state, name)[one] for name in names})
