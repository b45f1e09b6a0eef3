"""A SpaceMouse as a person's device, by pyspacemouse."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np

from real.people.hygiene import Axes, Switch
from real.people.teleoperator import Input, TeleoperatorError
from real.tasks.preset import Preset
from zprl_env.doctor.spacemouse import advice
from zprl_env.errors import MissingExtraError

REPORTS = 64
"""Reports that are read at most at once; the device sends some hundred per second."""


class SpaceMouseTeleoperator:
    """A SpaceMouse: while its first button is held, the arm is the person's; the second one grips.

    Push it away from you, and the arm goes along x. Each press of the second button closes the
    gripper, or opens it.

    Args:
        preset: The task, of which the first arm is moved.
        arm: Number of the arm that it moves.

    Raises:
        MissingExtraError: pyspacemouse is not installed: the extra ``spacemouse``.
    """

    blocking = True
    """Whether it is read by a thread of its own."""

    def __init__(self, preset: Preset, *, arm: int = 0) -> None:
        try:
            import pyspacemouse
        except (ModuleNotFoundError, AttributeError) as error:  # the latter of a missing hidapi
            name = getattr(error, "name", None) or "pyspacemouse"
            raise MissingExtraError(name, "spacemouse") from None
        self._module: Any = pyspacemouse
        self._arms, self._arm = len(preset.arms), arm
        self._device: Any = None
        self._axes, self._switch, self._grip = Axes([0.0] * 6), Switch(), Switch(held=False)
        self._heard, self._stamp = 0.0, -1.0
        self.begin(preset)

    def connect(self) -> None:
        """Find the device by its ids; one that was lost is looked for again.

        Raises:
            TeleoperatorError: It is not there, or may not be read.
        """
        if self._device is not None:
            return
        try:
            convention = self._module.AxisConvention.HID_Z_UP
            self._device = self._module.open(nonblocking=True, axis_convention=convention)
        except Exception as error:
            raise TeleoperatorError(
                f"A SpaceMouse must be there. Got: {error}. Plug it in; for the right to read it, "
                + advice()
            ) from None
        self._axes.forget()
        self._switch.forget()

    def begin(self, preset: Preset) -> None:
        """An episode begins: the gripper is left as it is."""
        self._opening, self._closes = np.nan, False

    def read(self, now: float) -> Input:
        """Return the newest report; one that moves and is old is told as old.

        Raises:
            TeleoperatorError: It is gone.
        """
        if self._device is None:
            self.connect()
        try:
            state = self._newest(now)
        except Exception as error:
            self.close()
            raise TeleoperatorError(f"The SpaceMouse must answer. Got: {error}.") from None
        away = [getattr(state, name) for name in ("x", "y", "z", "roll", "pitch", "yaw")]
        right, forth, up, roll, pitch, yaw = self._axes.read(away)
        buttons = [*state.buttons, 0, 0]
        mine, pressed = self._switch.read(bool(buttons[0])), self._grip.on
        if self._grip.read(bool(buttons[1])) != pressed and mine:
            self._closes = not self._closes
            self._opening = 0.0 if self._closes else 1.0
        rate, grippers = np.zeros((self._arms, 6)), np.full(self._arms, np.nan)
        # Its x is to the right and its y away; the arm's x is away and its y to the left.
        rate[self._arm] = [forth, -right, up, pitch, -roll, yaw]
        grippers[self._arm] = self._opening
        return Input(self._heard if rate.any() else now, mine, rate, grippers)

    def _newest(self, now: float) -> Any:
        """Read all reports that have come: one at a time, they would be read ever later."""
        for _ in range(REPORTS):
            state = self._device.read()
            if state.t == self._stamp:
                break
            self._stamp, self._heard = state.t, now
        return state

    def close(self) -> None:
        """Let go of the device; a second call does nothing."""
        if self._device is not None:
            device, self._device = self._device, None
            with suppress(Exception):  # it is gone already
                device.close()
