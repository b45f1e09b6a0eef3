"""Pace of a training: frames per second, and when it ends, told after its first steps."""

from __future__ import annotations

import time
from collections.abc import Callable

FIRST, LAST = 4, 24
"""Steps between which the first estimate is made; the very first ones are slow."""


class Pace:
    """Clock of a training.

    Args:
        steps: Steps in all.
        start: Steps that are done.
        frames: Frames that each step takes; nothing is told if it is 0.
        say: Is told the cost.
        clock: Seconds that pass.
    """

    def __init__(
        self,
        steps: int,
        start: int,
        frames: int,
        say: Callable[[str], object],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._steps, self._start, self._frames = steps, start, frames
        self._say, self._clock = say, clock
        self._from = clock()
        self._mark = (start, self._from)

    def after_step(self, step: int) -> None:
        """Count a step; after a few, tell what the whole will cost."""
        done = step - self._start
        if not self._frames or done > LAST:
            return
        if done == FIRST:
            self._from = self._clock()
        elif done == LAST:
            each = (self._clock() - self._from) / (LAST - FIRST)
            left = each * (self._steps - step)
            self._say(
                f"1,000 steps take {duration(1000 * each)} here, at {self._frames / each:,.0f} "
                f"frames/s: {self._steps:,} steps end in {duration(left)}"
            )

    def frames_per_second(self, step: int) -> str:
        """Return the frames per second since the last call, as text; empty if there are none."""
        before, then = self._mark
        now = self._clock()
        self._mark = (step, now)
        if not self._frames or step <= before or now <= then:
            return ""
        return f"{self._frames * (step - before) / (now - then):,.0f}"


def duration(seconds: float) -> str:
    """Write a duration in words of a sensible size.

    >>> duration(12.3), duration(200.0), duration(9000.0)
    ('12 s', '3.3 minutes', '2.5 hours')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
