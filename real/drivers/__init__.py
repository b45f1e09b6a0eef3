"""Robot drivers by name, or a class of one's own by ``"module:Class"``."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any, TypeAlias

from real.robot import Robot
from real.tasks.preset import Preset
from zprl_env import cli
from zprl_env.errors import ConfigurationError, UnknownNameError
from zprl_env.loading.named import load_object

DRIVERS = {
    "sim": "real.drivers.sim:SimRobot",
    "serl": "real.drivers.serl:SerlRobot",
    "franka": "real.drivers.franka:FrankaRobot",
    "ur": "real.drivers.ur:URRobot",
    "xarm": "real.drivers.xarm:XArmRobot",
    "lerobot": "real.drivers.lerobot:LeRobotRobot",
    "remote": "real.drivers.remote:RemoteRobot",
    "ideal": "real.drivers.ideal:IdealRobot",
}
"""Modules and classes of the drivers; none is imported before it is asked for."""

SPACES: dict[str, str] = {"pose": "poses", "joints": "joint positions"}
"""Words for what a driver accepts."""

LEROBOT = "lerobot:"
"""Beginning of the names of LeRobot's robots, such as ``lerobot:so101_follower``."""

DriverLike: TypeAlias = "str | Robot | Callable[..., Robot]"
"""A name in `DRIVERS`, ``"module:Class"``, a class, or a robot that is there already."""


def make_robot(driver: DriverLike, preset: Preset, **options: Any) -> Robot:
    """Make a task's robot from its driver's name, class or object; nothing connects, nothing moves.

    Args:
        driver: Which one.
        preset: The task.
        **options: The driver's own settings, e.g. ``url`` for ``"serl"``.

    Returns:
        The robot, as many arms as the preset has.

    Raises:
        UnknownNameError: No driver has this name.
        ConfigurationError: The driver has no such setting, another number of arms, or does not take
            what the task's actions command: poses, or joint positions.
    """
    made = driver_class(driver) if isinstance(driver, str) else driver
    _check_space(made, preset, driver)
    if callable(made):
        try:
            inspect.signature(made).bind(preset, **options)
        except TypeError as error:
            known = ", ".join([*inspect.signature(made).parameters][1:])
            raise ConfigurationError(
                f"The driver {driver_name(driver)} takes: {known or 'no settings'}. Got: "
                f"{str(error).removeprefix('got ')}."
            ) from None
        robot: Robot = made(preset, **options)
    elif options:
        raise ConfigurationError(
            f"A robot that is there already takes no settings. Got: {', '.join(options)}. "
            "Try its name or its class as the driver."
        )
    else:
        robot = made
    if robot.n_arms != len(preset.arms):
        raise ConfigurationError(
            f"The task {preset.name} needs {len(preset.arms)} arms. Got: {robot.n_arms} from "
            f"{driver_name(driver)}."
        )
    _check_space(robot, preset, driver)
    return robot


def _check_space(robot: object, preset: Preset, driver: DriverLike) -> None:
    """Refuse a driver, or its class, that does not take what a task's actions command."""
    if isinstance(robot, type) or not callable(robot):
        accepts: tuple[str, ...] = getattr(robot, "accepts", ("pose",))
        if preset.space not in accepts:
            wants, takes = SPACES[preset.space], " or ".join(SPACES[one] for one in accepts)
            other = "[position, quaternion, gripper]" if "pose" in accepts else "[joints, gripper]"
            raise ConfigurationError(
                f"The actions of {preset.name}, {', '.join(preset.action)}, command {wants}, so "
                f"its driver must take {wants}. Got: {driver_name(driver)}, which takes {takes}. "
                f"Try another driver, or a preset with action: {other}."
            )


def driver_class(driver: str) -> Callable[..., Robot]:
    """Find a driver's class by its name; of LeRobot's robots each is a class of its own.

    Raises:
        UnknownNameError: No driver has this name.
        ConfigurationError: It cannot be imported.
    """
    if driver.startswith(LEROBOT):
        return _lerobot(driver.removeprefix(LEROBOT))
    if driver not in DRIVERS and ":" not in driver:
        raise UnknownNameError("driver", driver, [*DRIVERS, "module:Class"])
    found: Callable[..., Robot] = load_object(DRIVERS.get(driver, driver), "driver")
    return found


@cache
def _lerobot(robot: str) -> Callable[..., Robot]:
    return partial(driver_class("lerobot"), robot=robot)


def driver_settings(
    words: Sequence[str], *, url: str | None = None, realtime: bool = False
) -> dict[str, Any]:
    """Read a driver's settings from a command line: ``--driver-kwargs NAME=VALUE``.

    Args:
        words: NAME=VALUE each, values JSON or else words.
        url: The shorthand ``--url``.
        realtime: The shorthand ``--realtime``.

    Returns:
        Values by name, as :func:`make_robot` takes them.

    Raises:
        ZprlError: A word has no name, or a setting is given twice.

    >>> driver_settings(["timeout=0.5"], url="http://127.0.0.1:5000")
    {'timeout': 0.5, 'url': 'http://127.0.0.1:5000'}
    """
    settings = cli.settings(words)
    shorthands = {"url": url, "realtime": realtime or None}
    for name, value in shorthands.items():
        if value is None:
            continue
        if name in settings:
            raise ConfigurationError(
                f"{name} must be given once. Got: --{name} and --driver-kwargs "
                f"{name}={settings[name]}."
            )
        settings[name] = value
    return settings


def driver_name(driver: object) -> str:
    """Return what to call a driver: its name, or its class's."""
    return driver if isinstance(driver, str) else getattr(driver, "__name__", type(driver).__name__)
