"""The keyboard of a terminal as a person's device: also over ssh, and without a window."""

from __future__ import annotations

import sys
from typing import TextIO

import numpy as np

from real.people.keys import BLUR, IGNORE_FOCUS, REPORT_FOCUS, Keys, Listener
from real.people.teleoperator import Input, TeleoperatorError
from real.tasks.preset import Preset
from zprl_env.errors import ConfigurationError

HELD = 0.15
"""Time for which a key counts as held after it was heard; terminals repeat it quicker [s]."""
MOVES = {
    "up": (0, 1.0),
    "down": (0, -1.0),
    "left": (1, 1.0),
    "right": (1, -1.0),
    "i": (2, 1.0),
    "k": (2, -1.0),
    "m": (3, 1.0),
    "n": (3, -1.0),
    "y": (4, 1.0),
    "h": (4, -1.0),
    "j": (5, 1.0),
    "l": (5, -1.0),
}
"""Axis of each key, and which way: x, y, z, and rotation about them."""
TAKE, CLOSE, OPEN = "t", "c", "o"


class KeyboardTeleoperator:
    """The keys of a terminal: ``t`` takes the arms and gives them back; it cannot be held.

    A terminal tells what is pressed and never what is let go, so a key counts for a moment; held,
    it is repeated. What is no longer looked at moves nothing: terminals that can say so do.

    Args:
        preset: The task.
        keyboard: The terminal, stdin by default.
        screen: Where help is printed, stderr by default.

    Raises:
        ConfigurationError: ``keyboard`` is no terminal.
    """

    HELP = (
        "motion: t takes the arms and gives them back; arrows away, back, left, right, i up, "
        "k down, j l turn, y h pitch, n m roll, o opens, c closes the gripper"
    )

    def __init__(
        self, preset: Preset, *, keyboard: TextIO | None = None, screen: TextIO | None = None
    ) -> None:
        self._keyboard = sys.stdin if keyboard is None else keyboard
        self._screen = sys.stderr if screen is None else screen
        self._arms = len(preset.arms)
        self._listener: Listener | None = None
        self._digits = [str(number + 1) for number in range(self._arms)]
        self.begin(preset)

    def connect(self) -> None:
        """Begin to listen, and print the keys."""
        if self._listener is not None:
            return
        wanted = (*MOVES, TAKE, CLOSE, OPEN, *self._digits)
        try:
            self._listener = Keys.listen(self._keyboard, wanted, "teleoperator='keyboard'")
        except ConfigurationError as error:
            raise TeleoperatorError(str(error)) from None
        arms = f", 1 to {self._arms} chooses the arm" if self._arms > 1 else ""
        self._print(f"{self.HELP}{arms}\n")
        self._print(REPORT_FOCUS, terminal=True)

    def begin(self, preset: Preset) -> None:
        """Let go of everything: an episode begins."""
        self._mine, self._arm = False, 0
        self._pressed: dict[str, float] = {}
        self._openings = np.full(self._arms, np.nan)

    def read(self, now: float) -> Input:
        """Return what is pressed.

        Raises:
            TeleoperatorError: The terminal is gone.
        """
        if self._listener is None or self._listener.gone:
            raise TeleoperatorError("The terminal must be there. Got: none any more.")
        for key in self._listener.take():
            if key == BLUR:
                self._pressed.clear()
            elif key == TAKE:
                self._mine = not self._mine
                self._openings[:] = np.nan
            elif key in (CLOSE, OPEN):
                self._openings[self._arm] = float(key == OPEN)
            elif key in self._digits:
                self._arm = self._digits.index(key)
                self._pressed.clear()
            else:
                self._pressed[key] = now
        rate = np.zeros((self._arms, 6))
        for key, when in self._pressed.items():
            axis, way = MOVES[key]
            if now - when <= HELD:
                rate[self._arm, axis] += way
        return Input(now, self._mine, rate, self._openings.copy())

    def close(self) -> None:
        """Give the terminal back; a second call does nothing."""
        if self._listener is not None:
            self._print(IGNORE_FOCUS, terminal=True)
            self._listener.close()
            self._listener = None

    def _print(self, text: str, *, terminal: bool = False) -> None:
        """Print something; what is for a terminal alone only to one."""
        if not terminal or self._screen.isatty():
            print(text, end="", file=self._screen, flush=True)
