"""A thread beside the control loop: hears a stop at any time, and brakes arms left in motion."""

from __future__ import annotations

import threading
import weakref
from contextlib import suppress
from typing import Protocol

from real.motion.arms import Arms

BEAT = 0.02
"""Time between two looks [s]."""


class Watched(Protocol):
    """A control loop, as the thread beside it sees it."""

    arms: Arms

    def hear_beside(self) -> None:
        """Hear the operator; a stop takes effect at once."""
        ...

    @property
    def forsaken(self) -> bool:
        """Whether the arms were left in motion."""
        ...

    def brake_forsaken(self) -> None:
        """Bring them to rest."""
        ...


class Beside:
    """A thread beside a control loop, from its first motion until :meth:`close`.

    It hears the operator every 20 ms, so that a stop does not wait for a driver that blocks, a
    policy that thinks or a learner that learns. Where time passes by itself it brakes arms that
    nobody commands any more; simulated time stands still meanwhile.

    Args:
        loop: The control loop, which may be forgotten: the thread ends then.
    """

    def __init__(self, loop: Watched) -> None:
        self._loop = weakref.ref(loop)
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to watch; a second call does nothing."""
        if self._thread is None or not self._thread.is_alive():
            self._closed.clear()
            self._thread = threading.Thread(target=self._run, name="beside", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Watch no longer; returns when nothing is done any more, but for a driver that hangs."""
        self._closed.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=1.0)

    def _run(self) -> None:
        while not self._closed.wait(BEAT):
            loop = self._loop()
            if loop is None:
                return
            with suppress(Exception):  # an operator's failure is the loop's to tell
                loop.hear_beside()
            if loop.arms.in_real_time and loop.forsaken:
                loop.brake_forsaken()
            del loop
