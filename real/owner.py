"""Owner of a robot's arms: one driver per arm and process, locked against other processes."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from policies.checkpoints.output import FolderInUseError, locked_folder
from real.drivers import DriverLike, driver_class, driver_name, make_robot
from real.motion.arms import Arms, BusyArmError
from real.robot import Robot
from real.tasks.preset import Preset

OWN_WORLDS = ("sim", "ideal")
"""Drivers that make a world of their own each time: two of them are two robots."""

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
