"""Account of the time that a period took, to tell who made it late."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

NOBODY = "nobody"
"""Name of whoever spent most where no time was spent."""


class Spent:
    """Account of time since the last beat that was in time: policy, driver, camera and others.

    Args:
        now: The time [s].

    Attributes:
        at_work: Who is spending time now; empty if nobody says so.

    Example:
        >>> now = [0.0]
        >>> spent = Spent(lambda: now[0])
        >>> with spent.by("policy"):
        ...     now[0] += 0.3
        >>> with spent.by("driver"):
        ...     now[0] += 0.1
        >>> spent.most
        ('policy', 0.3)
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._seconds: dict[str, float] = {}
        self.at_work = ""

    @contextmanager
    def by(self, who: str) -> Iterator[None]:
        """Count the time that is spent in here as that of ``who``."""
        began, before = self._now(), self.at_work
        self.at_work = who
        try:
            yield
        finally:
            self.at_work = before
            self.add({who: self._now() - began})

    def add(self, seconds: Mapping[str, float]) -> None:
        """Add time that was measured elsewhere [s], by whom."""
        for who, more in seconds.items():
            self._seconds[who] = self._seconds.get(who, 0.0) + more

    def __getitem__(self, who: str) -> float:
        return self._seconds.get(who, 0.0)

    @property
    def total(self) -> float:
        """Sum of all time that was spent [s]."""
        return sum(self._seconds.values())

    @property
    def most(self) -> tuple[str, float]:
        """Name of whoever spent most, and how much [s]."""
        return max(self._seconds.items(), key=lambda item: item[1], default=(NOBODY, 0.0))

    def clear(self) -> None:
        """Begin anew."""
        self._seconds.clear()
