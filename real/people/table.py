"""Teleoperators by name, or a class of one's own by ``"module:Class"``."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeAlias

from real.clock import Clock, SimulatedClock
from real.people.clutch import SPEED
from real.people.reader import ThreadedTeleoperator
from real.people.teleoperator import Teleoperator
from real.tasks.preset import Preset
from zprl_env.errors import ConfigurationError, UnknownNameError
from zprl_env.loading.named import load_object

TELEOPERATORS = {
    "keyboard": "real.people.keyboard:KeyboardTeleoperator",
    "gamepad": "real.people.gamepad:GamepadTeleoperator",
    "spacemouse": "real.people.spacemouse:SpaceMouseTeleoperator",
    "lerobot": "real.people.lerobot:LeRobotTeleoperator",
    "expert": "real.people.expert:ExpertTeleoperator",
    "console": "real.people.console:ConsoleTeleoperator",
    "scripted": "real.people.scripted:ScriptedTeleoperator",
}
"""Modules and classes of the teleoperators; none is imported before it is asked for."""

LEROBOT = "lerobot:"
"""Beginning of the names of LeRobot's teleoperators, such as ``lerobot:so101_leader``."""

TeleoperatorLike: TypeAlias = "str | Teleoperator | Callable[..., Teleoperator]"
"""A name in `TELEOPERATORS`, ``"module:Class"``, a class, or a device that is there already."""


class Made(NamedTuple):
    """A device and how fast it moves the arms.

    Attributes:
        device: The device.
        speed: Share of the arms' largest speeds that a full deflection is.
    """

    device: Teleoperator
    speed: float


def make_teleoperator(
    teleoperator: TeleoperatorLike,
    preset: Preset,
    *,
    clock: Clock | None = None,
    speed: float | None = None,
    **options: Any,
) -> Made:
    """Make a person's device from its name, class or object; nothing is reached yet.

    A device that may block, by its class attribute ``blocking``, is read by a thread of its own
    where time passes by itself.

    Args:
        teleoperator: Which one.
        preset: The task.
        clock: The robot's clock.
        speed: Share of the arms' largest speeds, in (0, 1], that a full deflection is; the
            device's own attribute ``speed``, and else a half, if None.
        **options: Its own settings.

    Raises:
        UnknownNameError: No teleoperator has this name.
        ConfigurationError: It has no such setting, or the speed is out of range.

    >>> from real.tasks.files import load_preset
    >>> make_teleoperator("scripted", load_preset("place-orange")).speed
    1.0
    """
    if speed is not None and not (not isinstance(speed, bool) and 0.0 < speed <= 1.0):
        raise ConfigurationError(f"A teleoperator's speed must be in (0, 1]. Got: {speed!r}.")
    made = teleoperator_class(teleoperator) if isinstance(teleoperator, str) else teleoperator
    if callable(made):
        try:
            inspect.signature(made).bind(preset, **options)
        except TypeError as error:
            known = ", ".join(["speed", *[*inspect.signature(made).parameters][1:]])
            raise ConfigurationError(
                f"The teleoperator {teleoperator} takes: {known}. Got: {error}."
            ) from None
        device = made(preset, **options)
    elif options:
        raise ConfigurationError(
            f"A teleoperator that is there already takes no settings. Got: {', '.join(options)}."
        )
    else:
        device = made
    if speed is None:
        speed = float(getattr(device, "speed", SPEED))
    if getattr(device, "blocking", False) and not isinstance(clock, SimulatedClock):
        device = ThreadedTeleoperator(device)
    return Made(device, speed)


def teleoperator_class(name: str) -> Callable[..., Teleoperator]:
    """Find a teleoperator's class by its name; of LeRobot's each is a class of its own.

    Raises:
        UnknownNameError: None has this name.
        ConfigurationError: It cannot be imported.
    """
    if name.startswith(LEROBOT):
        return partial(teleoperator_class("lerobot"), kind=name.removeprefix(LEROBOT))
    if name not in TELEOPERATORS and ":" not in name:
        raise UnknownNameError("teleoperator", name, [*TELEOPERATORS, "module:Class"])
    found: Callable[..., Teleoperator] = load_object(TELEOPERATORS.get(name, name), "teleoperator")
    return found
