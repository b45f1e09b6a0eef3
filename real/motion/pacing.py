"""Pacing: a control loop's fixed rate, and the deadlines that were missed."""

from __future__ import annotations

from real.clock import Clock

LATE = 0.5
"""Fraction of a period after which a deadline counts as missed."""


class Pacer:
    """Keeps a fixed rate, on an absolute schedule that does not drift.

    A beat that comes more than half a period late has missed deadlines, which are counted, and the
    schedule goes on from there: nothing is ever made up for by hurrying, so that two beats are
    never less than half a period apart.

    Args:
        clock: What to wait by.
        period: Time between beats [s].

    Attributes:
        overruns: Deadlines missed since the beginning.
        in_a_row: Deadlines missed since the last beat that was in time.
        lateness: By how much the last beat was late [s].

    Example:
        >>> from real.clock import SimulatedClock
        >>> clock = SimulatedClock()
        >>> pacer = Pacer(clock, 0.1)
        >>> pacer.wait(), pacer.wait()
        (0.0, 0.1)
        >>> clock.sleep_until(0.5)  # somebody was busy for three periods
        >>> pacer.wait(), pacer.overruns, round(pacer.wait(), 3)
        (0.5, 3, 0.6)
    """

    def __init__(self, clock: Clock, period: float) -> None:
        self.clock = clock
        self.period = period
        self.overruns = self.in_a_row = 0
        self.lateness = 0.0
        self._due: float | None = None

    @property
    def due(self) -> float:
        """Time of the next beat [s]; now, if there was none since :meth:`restart`."""
        return self.clock.now() if self._due is None else self._due

    def restart(self) -> None:
        """Restart the schedule with the next beat, whenever it is."""
        self._due = None
        self.in_a_row = 0

    def wait(self) -> float:
        """Return at the next beat, which is now if it is over.

        Returns:
            The time [s].
        """
        due = self.due
        self.clock.sleep_until(due)
        now = self.clock.now()
        self.lateness = now - due
        if self.lateness > LATE * self.period:
            missed = int(self.lateness / self.period + LATE)
            self.overruns += missed
            self.in_a_row += missed
            due = now
        else:
            self.in_a_row = 0
        self._due = due + self.period
        return now
