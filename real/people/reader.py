"""Reading a device beside the control loop, which does not wait."""

from __future__ import annotations

import threading
import time

from real.people.teleoperator import Beginning, Input, Teleoperator
from real.tasks.preset import Preset

PERIOD = 0.01
"""Time between two questions [s]."""


class ThreadedTeleoperator:
    """A device that may block, read by a thread of its own: its newest word is at hand at once.

    A device that hangs grows silent, for its word grows old. Stamps are those of the computer's
    clock, which that of a robot in real time is.

    Args:
        device: The device.

    Example:
        >>> from real.people.scripted import ScriptedTeleoperator
        >>> from real.tasks.files import load_preset
        >>> threaded = ThreadedTeleoperator(ScriptedTeleoperator(load_preset("place-orange")))
        >>> threaded.connect()
        >>> threaded.read(0.0).mine
        False
        >>> threaded.close()
    """

    def __init__(self, device: Teleoperator) -> None:
        self._device = device
        self._said = Input(float("-inf"))
        self._error: Exception | None = None
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def connect(self) -> None:
        """Reach the device, and begin to read it.

        Raises:
            TeleoperatorError: It is not there.
        """
        self._device.connect()
        if self._thread is None or not self._thread.is_alive():
            self._closed.clear()
            self._thread = threading.Thread(target=self._run, name="teleoperator", daemon=True)
            self._thread.start()

    def begin(self, preset: Preset) -> None:
        """An episode begins, which a device that wants to know is told."""
        if isinstance(self._device, Beginning):
            self._device.begin(preset)
        self._said = self._said._replace(mine=False)

    def read(self, now: float) -> Input:
        """Return the newest word.

        Raises:
            Exception: What the device has raised, until it answers again.
        """
        if self._error is not None:
            raise self._error
        return self._said

    def close(self) -> None:
        """Let go of the device; one that hangs is left to itself."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join(timeout=1.0)
            hangs, self._thread = self._thread.is_alive(), None
            if hangs:
                return
        self._device.close()

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                self._said, self._error = self._device.read(time.monotonic()), None
            except Exception as error:
                self._error = error
            self._closed.wait(PERIOD)
