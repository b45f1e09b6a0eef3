"""Arms of one robot: one driver object per arm and process, one stop, and whose turn it is."""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import tempfile
import threading
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Protocol
from weakref import WeakSet, WeakValueDictionary

from policies.checkpoints.output import FolderInUseError, locked_folder
from real.clock import SimulatedClock
from real.drivers import DriverLike, driver_class, driver_name, make_robot
from real.motion.emergency import EmergencyStop
from real.motion.signals import stopping_on_signals
from real.robot import Robot, RobotError
from real.tasks.preset import Preset

OWN_WORLDS = ("sim", "ideal")
"""Drivers that make a world of their own each time: two of them are two robots."""


class Mover(Protocol):
    """What moves arms: a control loop, which others may take the turn from."""

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
        connected: Whether the robot was reached.
        mover: Who has the turn; None before anything has moved.
        users: How many have them open.
    """

    def __init__(self, robot: Robot, lock: ExitStack | None = None) -> None:
        self.robot = robot
        self.emergency = EmergencyStop()
        self.connected = self.closed = False
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
        if self.mover is not None and self.mover is not mover:
            self.mover.settle()
        self.mover = mover

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
_SHARED: WeakValueDictionary[object, Arms] = WeakValueDictionary()
_MAKING = threading.Lock()


def own_arms(driver: DriverLike, preset: Preset, **options: Any) -> Arms:
    """Make a robot, or return the arms that this process has open already.

    The same driver object, or the same driver with the same settings, is the same robot; but
    ``"sim"`` and ``"ideal"`` are a world of their own each time.

    Args:
        driver: As :func:`real.drivers.make_robot` takes it.
        preset: The task.
        **options: The driver's own settings.

    Raises:
        BusyArmError: Another process has them.
        UnknownNameError: No driver has this name.
        ConfigurationError: The driver has no such setting, or another number of arms.
    """
    with _MAKING:
        key = _key(driver, options)
        arms = _SHARED.get(key)
        if arms is not None and not arms.closed:
            make_robot(arms.robot, preset)  # as many arms as this task needs
            arms.users += 1
            return arms
        robot = make_robot(driver, preset, **options)
        arms = Arms(robot, _locked(driver, robot, options))
        _SHARED[id(robot) if key is None else key] = arms
        return arms


def _key(driver: DriverLike, options: dict[str, Any]) -> object:
    """Return what two environments of the same arms have in common; None if nothing can be."""
    if isinstance(driver, str):
        return None if driver in OWN_WORLDS else (driver_class(driver), _words(options))
    return (driver, _words(options)) if isinstance(driver, type) else id(driver)


def _words(options: dict[str, Any]) -> str:
    return json.dumps(options, sort_keys=True, default=repr)


def _locked(driver: DriverLike, robot: Robot, options: dict[str, Any]) -> ExitStack:
    """Lock hardware against other processes: by its address, or else by driver and settings."""
    lock = ExitStack()
    address = getattr(robot, "address", None)
    named = driver if isinstance(driver, str | type) else None
    if getattr(robot, "own_world", False) or (address is None and named is None):
        return lock
    told: list[object] = [(f"{type(robot).__module__}:{type(robot).__qualname__}", _words(options))]
    if address is not None:
        told = [address] if isinstance(address, str) else [*address]
    try:
        for one in told:
            name = hashlib.sha256(repr(one).encode()).hexdigest()[:16]
            lock.enter_context(locked_folder(lock_folder() / name))
    except FolderInUseError as error:
        lock.close()
        owner = str(error).partition("in use by ")[2].partition(".")[0] or "another process"
        raise BusyArmError(
            f"An arm must have one owner. Got: {driver_name(driver)} {address or ''}, in use by "
            f"{owner}. Wait until it has ended, or stop it."
        ) from None
    except OSError:  # a machine without a place for locks has one user
        lock.close()
    return lock


def lock_folder() -> Path:
    """Return the folder with the locks of this user's arms."""
    user = os.getuid() if hasattr(os, "getuid") else "user"
    return Path(tempfile.gettempdir()) / f"zprl-arms-{user}"


def _forget(arms: Arms) -> None:
    _MOVING.discard(arms)
    _OPEN.discard(arms)


@atexit.register
def _close_all() -> None:
    """Leave no arm in motion, and no driver open, when the interpreter exits."""
    for arms in [*_OPEN]:
        with suppress(Exception):
            arms.close()
