"""Hearing the operator from two threads: the control loop's, and the one beside it."""

from __future__ import annotations

import threading
import time
from collections import deque

from real.operators import Event, Operator

QUIET = 0.04
"""Time without a question of the loop's after which another thread asks [s]."""


class Hearing:
    """Words of an operator, in order and once, whichever thread asks first.

    Args:
        operator: The operator, whose methods are never called by two threads at once. Where the
            loop alone may call ``poll``, it has a method ``hear`` for what another thread may ask.

    Example:
        >>> from real.operators import ScriptedOperator
        >>> operator = ScriptedOperator()
        >>> hearing = Hearing(operator)
        >>> operator.say(Event.PAUSE, Event.STOP)
        >>> time.sleep(2 * QUIET)  # a driver that blocks
        >>> hearing.hear()
        True
        >>> [(event.value, obeyed) for event, obeyed in hearing.poll()]
        [('pause', False), ('stop', True)]
    """

    def __init__(self, operator: Operator) -> None:
        self._operator = operator
        self._lock = threading.Lock()
        self._heard: deque[tuple[Event, bool]] = deque()
        self._asked = time.monotonic()

    def poll(self) -> list[tuple[Event, bool]]:
        """Return what was said since the last call, and whether a stop was obeyed already."""
        self._asked = time.monotonic()
        with self._lock:
            said = [(event, False) for event in self._operator.poll()]
            before = [self._heard.popleft() for _ in range(len(self._heard))]
            return [*before, *said]

    def put_back(self, said: list[tuple[Event, bool]]) -> None:
        """Have it told again, before anything that is said later."""
        with self._lock:
            self._heard.extendleft(reversed(said))

    def hear(self) -> bool:
        """Hear the operator beside the loop, which is told later; whether a stop was said.

        Nothing is asked while the loop asks often enough itself.
        """
        if time.monotonic() - self._asked < QUIET:
            return False
        with self._lock:
            said = list(getattr(self._operator, "hear", self._operator.poll)())
            self._heard.extend((event, event is Event.STOP) for event in said)
        return Event.STOP in said
