"""Drivers that are watched: a class whose objects note every command, and what came between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.tools.limits import Extreme, extremes
from real.robot import RobotCommand, RobotState
from real.tasks.preset import Preset

AT_ONCE = 1.5
"""Time between two commands, in that between the two before, after which arms have been silent."""
SAME = 1e-7
"""Difference up to which two commands are the same [m]."""


@dataclass
class Stretch:
    """Commands of one motion, that came one after the other with nothing between them.

    Attributes:
        begin: Where the arms were measured to be before the first.
        commands: The commands.
        stamps: When each came [s].
        sent: Where the arms were sent just before, if no other thing moved or held them meanwhile.
    """

    begin: RobotCommand
    commands: list[RobotCommand] = field(default_factory=list)
    stamps: list[float] = field(default_factory=list)
    sent: RobotCommand | None = None

    def holds(self, command: RobotCommand) -> bool:
        """Tell whether a command is still of this stretch: none moves arms that have come to rest.

        The next motion begins where the arms are then, and not where they were sent.
        """
        if len(self.commands) < 2:
            return True
        before, last = self.commands[-2:]
        return not _equal(before, last) or _equal(last, command)

    def sent_just_before(self, stamp: float) -> RobotCommand | None:
        """Return where the arms were sent last; None if a silence lies between that and now."""
        if len(self.stamps) < 2:
            return None
        silent = stamp - self.stamps[-1] > AT_ONCE * (self.stamps[-1] - self.stamps[-2])
        return None if silent else self.commands[-1]

    def extremes(self, preset: Preset) -> list[Extreme]:
        """Measure the commands' largest differences, and the step to the first of them.

        A measurement has noise, of which nobody makes a velocity: the arms were at rest a control
        period's way before the first command, which must be within reach of where they were. Arms
        that follow their commands some way behind may be sent on from the last one at once.
        """
        if not self.commands:
            return []
        found = extremes(self.commands, preset, begun=True)
        for arm, settings in enumerate(preset.arms):
            most = settings.safety.velocity / preset.control_rate
            froms = [self.begin] if self.sent is None else [self.begin, self.sent]
            first = self.commands[0].position[arm]
            size = min(float(np.abs(first - place.position[arm]).max()) for place in froms)
            found.append(Extreme(arm, "first step", size, most, 0.0))
            moved = np.diff([command.position[arm] for command in self.commands], axis=0)
            found.append(Extreme(arm, "step", float(np.abs(moved).max(initial=0.0)), most, 0.0))
        return found


class Watched:
    """Mixin before a driver's class: notes its commands in stretches, and fails on request.

    A stretch ends with whatever else moves or holds the arms: `stop`, `home`, a new scene; and with
    the next motion of arms that have come to rest.

    Attributes:
        stretches: The stretches so far.
        stopped: When it was told to hold still, whether or not it then failed [s].
        broken: What a method of this name raises, if anything.
        spoil: What becomes of every measurement, if anything.
    """

    clock: Any

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.stretches: list[Stretch] = []
        self.stopped: list[float] = []
        self.broken: dict[str, BaseException] = {}
        self.spoil: Callable[[RobotState], RobotState] | None = None
        self._seen: RobotState | None = None
        self._open = False

    def command(self, command: RobotCommand) -> None:
        """Note a command and pass it on; see `real.robot.Robot.command`."""
        self._check("command")
        stamp, sent = self.clock.now(), None
        if self._open and not self.stretches[-1].holds(command):
            self._open, sent = False, self.stretches[-1].sent_just_before(stamp)
        begin = None if self._open else self._begin(command)
        super().command(command)  # type: ignore[misc]
        if begin is not None:
            self.stretches.append(Stretch(begin, sent=sent))
            self._open = True
        self.stretches[-1].commands.append(command)
        self.stretches[-1].stamps.append(stamp)

    def state(self) -> RobotState:
        """Measure; see `real.robot.Robot.state`."""
        self._check("state")
        state: RobotState = super().state()  # type: ignore[misc]
        self._seen = state
        return state if self.spoil is None else self.spoil(state)

    def stop(self) -> None:
        """Hold still; see `real.robot.Robot.stop`."""
        self.stopped.append(self.clock.now())
        self._check("stop")
        super().stop()  # type: ignore[misc]
        self._open = False

    def home(self) -> None:
        """Go home by the joints; see `real.robot.Robot.home`."""
        self._check("home")
        self._open = False
        super().home()  # type: ignore[misc]

    def _begin(self, command: RobotCommand) -> RobotCommand:
        seen = self._seen
        if seen is None:
            return command
        return RobotCommand(seen.position, seen.quaternion, seen.gripper)

    def _check(self, name: str) -> None:
        if name in self.broken:
            raise self.broken[name]


class WatchedScene(Watched):
    """Mixin before the class of a driver whose world is simulated."""

    def reset_scene(self, seed: int | None) -> None:
        """Lay out a scene; see `real.robot.SceneRobot.reset_scene`."""
        self._check("reset_scene")
        self._open = False
        super().reset_scene(seed)  # type: ignore[misc]


def _equal(a: RobotCommand, b: RobotCommand) -> bool:
    """Tell whether two commands send the arms to the same place."""
    return bool(
        np.abs(a.position - b.position).max() < SAME
        and np.abs(a.quaternion - b.quaternion).max() < SAME
    )


def largest(stretches: Sequence[Stretch], preset: Preset) -> list[Extreme]:
    """Return the largest value of each kind, arm by arm, over all stretches."""
    found: dict[tuple[int, str], Extreme] = {}
    for stretch in stretches:
        for one in stretch.extremes(preset):
            before = found.get((one.arm, one.name))
            if before is None or one.size > before.size:
                found[one.arm, one.name] = one
    return [*found.values()]
