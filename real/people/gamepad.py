"""A gamepad as a person's device, by SDL: any that it knows, with the layout of an Xbox's."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from real.people.hygiene import Axes, Switch
from real.people.teleoperator import Input, TeleoperatorError
from real.tasks.preset import Preset
from zprl_env.errors import MissingExtraError

FULL = 32767.0
"""Deflection of an axis, as SDL has it."""


class GamepadTeleoperator:
    """A gamepad: while its right shoulder button is held, the arm is the person's.

    Left stick: away, back, left and right. Right stick: up, down and turn. The cross: roll and
    pitch. A closes the gripper and B opens it, Y goes to the next arm. Start says success and Back
    failure; X discards the episode and repeats it; the left shoulder button is the emergency stop.

    Args:
        preset: The task.
        index: Number of the gamepad, where there are several.

    Raises:
        MissingExtraError: pygame is not installed: the extra ``gamepad``.
    """

    def __init__(self, preset: Preset, *, index: int = 0) -> None:
        os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
        try:
            import pygame
            from pygame._sdl2 import controller
        except ModuleNotFoundError as error:
            raise MissingExtraError(error.name or "pygame", "gamepad") from None
        self._pygame, self._controller = pygame, controller
        self._arms, self._index = len(preset.arms), index
        self._pad: Any = None
        self._axes, self._switch = Axes([0.0] * 4), Switch()
        self.begin(preset)

    def connect(self) -> None:
        """Find the gamepad; one that was lost is looked for again.

        Raises:
            TeleoperatorError: There is none.
        """
        pygame, controller = self._pygame, self._controller
        os.environ.setdefault("SDL_JOYSTICK_ALLOW_BACKGROUND_EVENTS", "1")
        if not pygame.display.get_init():
            os.environ.setdefault("SDL_VIDEODRIVER", "dummy")  # events need one, and no window
            pygame.display.init()
        controller.init()
        pygame.event.pump()
        pads = [n for n in range(controller.get_count()) if controller.is_controller(n)]
        if self._index >= len(pads):
            raise TeleoperatorError(
                f"Gamepad {self._index} must be there. Got: {len(pads)} that SDL knows. Plug it "
                "in, and see that /dev/input/event* may be read."
            )
        self._pad = controller.Controller(pads[self._index])
        self._axes.forget()
        self._switch.forget()

    def begin(self, preset: Preset) -> None:
        """An episode begins: grippers are left as they are."""
        self._arm, self._next = 0, False
        self._openings = np.full(self._arms, np.nan)

    def read(self, now: float) -> Input:
        """Return sticks and buttons.

        Raises:
            TeleoperatorError: The gamepad is gone.
        """
        self._pygame.event.pump()
        if self._pad is None or not self._pad.attached():
            self._pad = None
            self.connect()
        names, pad = self._pygame, self._pad
        left_x, left_y, right_x, right_y = self._axes.read(
            [
                pad.get_axis(axis) / FULL
                for axis in (
                    names.CONTROLLER_AXIS_LEFTX,
                    names.CONTROLLER_AXIS_LEFTY,
                    names.CONTROLLER_AXIS_RIGHTX,
                    names.CONTROLLER_AXIS_RIGHTY,
                )
            ]
        )

        def down(button: str) -> bool:
            return bool(pad.get_button(getattr(names, f"CONTROLLER_BUTTON_{button}")))

        roll = down("DPAD_RIGHT") - down("DPAD_LEFT")
        pitch = down("DPAD_UP") - down("DPAD_DOWN")
        mine = self._switch.read(down("RIGHTSHOULDER"))
        if down("Y") and not self._next:
            self._arm = (self._arm + 1) % self._arms
        self._next = down("Y")
        if not mine:
            self._openings[:] = np.nan
        elif down("A") or down("B"):
            self._openings[self._arm] = float(down("B"))
        rate = np.zeros((self._arms, 6))
        rate[self._arm] = [-left_y, -left_x, -right_y, roll, pitch, -right_x]
        said = {"START": "success", "BACK": "failure", "X": "repeat", "LEFTSHOULDER": "stop"}
        buttons = frozenset(word for button, word in said.items() if down(button))
        return Input(now, mine, rate, self._openings.copy(), buttons=buttons)

    def close(self) -> None:
        """Let go of the gamepad; a second call does nothing."""
        if self._pad is not None:
            self._pad.quit()
            self._pad = None
