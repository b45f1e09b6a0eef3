"""Arms of one robot: one driver object per arm and process, one stop, and whose turn it is."""

from __future__ import annotations

import atexit
from contextlib import ExitStack, suppress
from typing import Protocol
from weakref import WeakSet

from real.clock import SimulatedClock
from real.motion.emergency import EmergencyStop
from real.motion.signals import stopping_on_signals
from real.motion.standstill import Standstill
from real.robot import Robot, RobotError


class Mover(Protocol):
    """A mover of arms: a control loop, which others may take the turn from."""

    def settle(self) -> bool:
        """Come to rest, as quickly as the limits allow."""
        ...

    def finish(self) -> None:
        """Come to rest and have the driver hold still, whatever fails."""
        ...


class BusyArmError(RobotError):
    """An arm belongs to another process, or to another client of its server."""


class Arms:
    """The arms of one robot, which one object of a process owns, whoever moves them.

    Environments of the same arms share this object. One of them has the turn: another one that
    takes it finds them at rest, and measures before it moves them.

    Args:
        robot: The driver.
        lock: What keeps other processes away from the arms; released by :meth:`close`.

    Attributes:
        robot: The driver.
        emergency: The stop of these arms, whoever moves them.
        standstill: Whether a motion of them may begin.
        untold: Whether the driver could not be told of the stop in force, whoever stopped them.
        connected: Whether the robot was reached.
        mover: Who has the turn; None before anything has moved.
        users: How many have them open.
    """

    def __init__(self, robot: Robot, lock: ExitStack | None = None) -> None:
        self.robot = robot
        self.emergency = EmergencyStop()
        self.standstill = Standstill()
        self.connected = self.closed = self.untold = False
        self.mover: Mover | None = None
        self.users = 1
        self._lock = lock or ExitStack()
        self._signals = ExitStack()
        _OPEN.add(self)

    @property
    def in_real_time(self) -> bool:
        """Whether time passes whoever waits for it, as on hardware."""
        return not isinstance(self.robot.clock, SimulatedClock)

    def take(self, mover: Mover) -> None:
        """Take the turn; whoever had it brings the arms to rest first."""
        before, self.mover = self.mover, mover  # who has no turn commands nothing any more
        if before is not None and before is not mover:
            try:
                before.settle()
            except BaseException:
                self.mover = before
                raise

    def note_connection(self) -> None:
        """Note that the robot was reached: from now on no end of the process leaves it moving."""
        self.connected = True
        if self.in_real_time:
            _MOVING.add(self)
            self._signals.enter_context(stopping_on_signals())

    def leave(self, mover: Mover) -> None:
        """Leave the arms at rest; the last one to leave closes them."""
        self.users -= 1
        if self.users <= 0:
            self.close()
        elif self.mover is mover:
            mover.finish()
            self.mover = None

    def close(self) -> None:
        """Bring the arms to rest, close the driver and let other processes have them."""
        if self.closed:
            return
        self.closed = True
        with ExitStack() as stack:
            stack.callback(_forget, self)
            stack.callback(self._lock.close)
            stack.callback(self._signals.close)
            stack.callback(self.robot.close)
            if self.mover is not None:
                self.mover.finish()


_OPEN: WeakSet[Arms] = WeakSet()
_MOVING: set[Arms] = set()
"""Arms whose time passes by itself: they are stopped even if nobody remembers them."""


def _forget(arms: Arms) -> None:
    _MOVING.discard(arms)
    _OPEN.discard(arms)


@atexit.register
def _close_all() -> None:
    """Leave no arm in motion, and no driver open, when the interpreter exits."""
    for arms in [*_OPEN]:
        with suppress(Exception):
            arms.close()
