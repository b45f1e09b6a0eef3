"""Clocks: the computer's, and simulated time that passes when it is waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """Monotonic time that can be waited for."""

    def now(self) -> float:
        """Time since an arbitrary beginning [s]."""
        ...

    def sleep_until(self, when: float) -> None:
        """Return at ``when`` [s], or at once if that is over."""
        ...


class WallClock:
    """The computer's monotonic clock.

    Example:
        >>> clock = WallClock()
        >>> began = clock.now()
        >>> clock.sleep_until(began + 0.01)
        >>> clock.now() >= began + 0.01
        True
    """

    def now(self) -> float:
        """Time since an arbitrary beginning [s]."""
        return time.monotonic()

    def sleep_until(self, when: float) -> None:
        """Return at ``when`` [s], or at once if that is over."""
        while (left := when - time.monotonic()) > 0.0:
            time.sleep(left)


class SimulatedClock:
    """Simulated time, which passes when it is waited for.

    Args:
        advance: What makes something happen meanwhile, such as a simulation's physics: called with
            the new time [s] whenever time has passed.

    Example:
        >>> clock = SimulatedClock()
        >>> clock.sleep_until(2.5)
        >>> clock.sleep_until(1.0)
        >>> clock.now()
        2.5
    """

    def __init__(self, advance: Callable[[float], object] | None = None) -> None:
        self._now = 0.0
        self._advance = advance

    def now(self) -> float:
        """Time since the beginning [s]."""
        return self._now

    def sleep_until(self, when: float) -> None:
        """Advance the time to ``when`` [s], unless that is over."""
        if when > self._now:
            self._now = when
            if self._advance is not None:
                self._advance(when)
