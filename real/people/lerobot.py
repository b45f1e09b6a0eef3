"""LeRobot's teleoperators as a person's device: leader arms, its gamepad, phone or keyboard.

No hardware has been tried by us; tested with LeRobot's own classes and a stand-in for the motors.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields
from typing import Any

import numpy as np

from real.people.keys import Keys, Listener
from real.people.teleoperator import Input, TeleoperatorError
from real.tasks.preset import Preset
from zprl_env.errors import ConfigurationError, MissingExtraError, UnknownNameError

ENDING = ".pos"
"""Ending of the names of joint positions."""
PLUGIN = "lerobot_teleoperator_"
"""Beginning of the names of packages with teleoperators, by LeRobot's convention."""
GRIPPER = "gripper"
"""Part of the names of grippers, which are no joints."""
STEPS = ("delta_x", "delta_y", "delta_z")
"""Actions of devices that move the tool, in [-1, 1]."""
WORDS = {"success": "success", "failure": "failure", "rerecord_episode": "repeat"}
"""LeRobot's events that are an operator's words."""
TAKE = "t"


class LeRobotTeleoperator:
    """A teleoperator of LeRobot's, as ``lerobot:so101_leader``, in LeRobot's interpreter.

    A leader arm has no button: ``t`` in the terminal takes the arms, and gives them back. They go
    by as much as the leader moves from then on, wherever it is. Devices with events of their own,
    as its gamepad, take the arms by these.

    Args:
        preset: The task; its actions are joints for a leader arm.
        kind: LeRobot's type: ``so101_leader``, ``gamepad``.
        degrees: Whether a leader's joints are in degrees, and not in radians.
        gripper: What its grippers' positions are closed and open.
        **config: LeRobot's own settings, such as ``port`` and ``id``.

    Raises:
        MissingExtraError: LeRobot is not installed.
        UnknownNameError: It has no such teleoperator, installed plugins included.
        ConfigurationError: A setting is unknown, or its joints are not the preset's.
    """

    blocking = True
    """Whether it is read by a thread of its own."""

    def __init__(
        self,
        preset: Preset,
        *,
        kind: str,
        degrees: bool = True,
        gripper: tuple[float, float] = (0.0, 100.0),
        **config: Any,
    ) -> None:
        self._device = _make(kind, config)
        self._arms, self._unit = len(preset.arms), np.pi / 180.0 if degrees else 1.0
        self._closed, self._width = gripper[0], gripper[1] - gripper[0]
        names = _names(self._device.action_features)
        places = [name for name in names if name.endswith(ENDING)]
        self._grippers = [name for name in places if GRIPPER in name]
        joints = [name for name in places if GRIPPER not in name]
        self._joints: list[list[str]] = []
        if joints:
            counts = [arm.joints for arm in preset.arms]
            fits = preset.space == "joints" and len(joints) == sum(counts)
            if not fits or len(self._grippers) not in (0, self._arms):
                raise ConfigurationError(
                    f"A leader must have the joints that {preset.name} commands. Got: "
                    f"{', '.join(places)} of {kind}, and {preset.space} with {counts} joints."
                )
            ends = np.cumsum(counts).tolist()
            self._joints = [joints[end - n : end] for n, end in zip(counts, ends, strict=True)]
        elif not set(STEPS) <= set(names):
            raise ConfigurationError(
                f"{kind} of LeRobot's must tell joint positions or {', '.join(STEPS)}. Got: "
                f"{', '.join(names)}."
            )
        self._listener: Listener | None = None
        self._mine = False

    def connect(self) -> None:
        """Reach the device, and the terminal if the device has no switch.

        Raises:
            TeleoperatorError: It does not answer, is not calibrated, or there is no terminal.
        """
        try:
            if not self._device.is_connected:
                self._device.connect(calibrate=False)
            calibrated = self._device.is_calibrated
        except Exception as error:
            raise TeleoperatorError(
                f"{self._device} must answer. Got: {type(error).__name__}: {error}. Is it plugged "
                "in and switched on?"
            ) from None
        if not calibrated:
            raise TeleoperatorError(
                f"{self._device} must be calibrated. Got: no calibration. Run lerobot-calibrate."
            )
        if not self._has_events and self._listener is None:
            try:
                self._listener = Keys.listen(sys.stdin, (TAKE,), f"teleoperator={self._device}")
            except ConfigurationError as error:
                raise TeleoperatorError(str(error)) from None
            print("t takes the arms and gives them back", file=sys.stderr, flush=True)

    def begin(self, preset: Preset) -> None:
        """An episode begins: the arms are the policy's."""
        self._mine = False

    def read(self, now: float) -> Input:
        """Return what the device says; LeRobot tells no time, so it is heard whenever it answers.

        Raises:
            Exception: LeRobot's own, if it does not answer.
        """
        said = self._device.get_action()
        events = self._events()
        if self._listener is not None:
            if self._listener.gone:
                raise TeleoperatorError("The terminal must be there. Got: none any more.")
            self._mine ^= len(self._listener.take()) % 2 == 1
        else:
            self._mine = bool(events.get("is_intervention"))
        buttons = frozenset(word for name, word in WORDS.items() if events.get(name))
        if self._joints:
            leader = np.ones((self._arms, len(self._joints[0]) + 1))
            for row, names in enumerate(self._joints):
                leader[row, :-1] = [self._unit * float(said[name]) for name in names]
            for row, name in enumerate(self._grippers):
                leader[row, -1] = np.clip((float(said[name]) - self._closed) / self._width, 0, 1)
            return Input(now, self._mine, leader=leader, buttons=buttons)
        rate, openings = np.zeros((self._arms, 6)), np.full(self._arms, np.nan)
        rate[0, :3] = np.clip([float(said[name]) for name in STEPS], -1.0, 1.0)
        # 0 closes, 1 stays, 2 opens.
        openings[0] = {0: 0.0, 2: 1.0}.get(int(said.get(GRIPPER, 1)), np.nan)
        return Input(now, self._mine, rate, openings, buttons=buttons)

    def close(self) -> None:
        """Let go of device and terminal; a second call does nothing."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        with suppress(Exception):
            if self._device.is_connected:
                self._device.disconnect()

    @property
    def _has_events(self) -> bool:
        return hasattr(self._device, "get_teleop_events")

    def _events(self) -> dict[str, Any]:
        """Return LeRobot's events by their words."""
        told = self._device.get_teleop_events() if self._has_events else {}
        return {str(getattr(event, "value", event)): value for event, value in told.items()}


def _names(features: Mapping[str, Any]) -> list[str]:
    """Return the names of an action's numbers, which LeRobot tells in two ways."""
    listed = features.get("names", features)
    if isinstance(listed, Mapping):
        return [str(name) for name in listed]
    return [str(name) for name in listed]


def _make(name: str, config: Mapping[str, Any]) -> Any:
    """Make LeRobot's teleoperator of a type."""
    try:
        from lerobot import teleoperators
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "lerobot", "lerobot-robot") from None
    path = teleoperators.__path__
    modules = [module.name for module in pkgutil.iter_modules(path, "lerobot.teleoperators.")]
    modules += [m.name for m in pkgutil.iter_modules() if m.name.startswith(PLUGIN)]
    for module in modules:
        with suppress(ImportError):  # which lacks what only other devices need
            importlib.import_module(module)
    known = teleoperators.TeleoperatorConfig.get_known_choices()
    if name not in known:
        raise UnknownNameError("teleoperator of LeRobot's", name, [*known])
    settings = [field.name for field in fields(known[name])]
    if unknown := [key for key in config if key not in settings]:
        raise ConfigurationError(
            f"{name} of LeRobot's takes: {', '.join(settings)}. Got: {', '.join(unknown)}."
        )
    try:
        return teleoperators.make_teleoperator_from_config(known[name](**config))
    except (TypeError, ValueError, ImportError) as error:
        raise ConfigurationError(f"{name} of LeRobot's cannot be made: {error}.") from None
