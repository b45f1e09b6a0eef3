"""Operator at the console, beside whoever else watches: a keyboard, a judge, a scene."""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from real.operators import FOR_EVER, LATE, VERDICTS, Event, Operator


class Place(Protocol):
    """A control loop, as an operator sees it: whether it is the one that moves the arms."""

    @property
    def has_turn(self) -> bool:
        """Whether it is."""
        ...


class Words:
    """Words of the person at the console, and what is asked of them.

    Attributes:
        asked: What is waited for, and why; None if nothing is.
        stopped: Whether the person has stopped the arms, and has not released them since.
        running: Tells whether an episode is under way.
    """

    def __init__(self) -> None:
        self.asked: tuple[Event, str] | None = None
        self.stopped = False
        self.running: Callable[[], bool] = lambda: False
        self._said: deque[Event] = deque()

    def say(self, event: Event) -> None:
        """Say something; another thread may."""
        self.stopped = event is Event.STOP or (self.stopped and event is not Event.RELEASE)
        self._said.append(event)

    def take(self, turn: bool) -> list[Event]:
        """Take the words so far: stops, and with the turn all others."""
        said = [self._said.popleft() for _ in range(len(self._said))]
        mine = [event for event in said if turn or event is Event.STOP]
        self._said.extendleft(reversed([event for event in said if event not in mine]))
        return mine


class ConsoleOperator:
    """Operator at the console, beside another one whose words count as much.

    A person can overrule the scene's own criterion until the next episode begins. Arms that a
    person has stopped are released by a person: a program's answer to that question is not heard.

    Args:
        words: The console's.
        other: Whoever else there is.
    """

    patience = FOR_EVER  # a person is there, or on the way

    def __init__(self, words: Words, other: Operator) -> None:
        self._words, self._other = words, other
        self._program = other.patience != FOR_EVER
        self._place: Callable[[], Place | None] = lambda: None

    def stand_by(self, place: Place) -> None:
        """Stand by a control loop, for as long as it is there."""
        self._place = weakref.ref(place)

    def poll(self) -> Sequence[Event]:
        """Return the words of both since the last call."""
        return self._heard(self._other.poll())

    def hear(self) -> Sequence[Event]:
        """Return them for a thread beside the loop."""
        return self._heard(getattr(self._other, "hear", self._other.poll)())

    def ask(self, event: Event, message: str) -> None:
        """Ask both; but no program releases what a person has stopped."""
        self._words.asked = (event, message)
        if not (self._program and self._words.stopped and event is Event.RELEASE):
            self._other.ask(event, message)

    def close(self) -> None:
        """Close the other one."""
        self._other.close()

    def _heard(self, others: Sequence[Event]) -> list[Event]:
        words, place = self._words, self._place()
        if self._program and words.stopped:
            others = [event for event in others if event is not Event.RELEASE]
        if getattr(self._other, "automatic", False) and not words.running():
            others = [event for event in others if event not in VERDICTS]  # of the episode before
        said = [*words.take(place is None or place.has_turn), *others]
        if words.asked is not None and words.asked[0] in said:
            words.asked = None
        return said


def may_be_said(event: Event, running: bool, late: bool, stopped: bool) -> str | None:
    """Return why a word means nothing now; None if it does.

    Args:
        event: The word.
        running: Whether an episode is under way.
        late: Whether the last episode's outcome may still be changed.
        stopped: Whether the arms are stopped.

    >>> may_be_said(Event.SUCCESS, running=False, late=False, stopped=False)
    'There is no episode to judge: it changes until the next one begins.'
    >>> may_be_said(Event.STOP, running=False, late=False, stopped=True)
    """
    if event is Event.TAKE_BACK and not late:
        return "A verdict can be taken back between two episodes."
    if event in LATE and not (running or late):
        return "There is no episode to judge: it changes until the next one begins."
    if event is Event.RELEASE and not stopped:
        return "The arms are not stopped."
    return None
