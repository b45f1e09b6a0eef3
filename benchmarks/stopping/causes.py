"""Causes of a stop: what the operator, the driver, a sensor, a learner or a signal may do."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from real.operators import Event, ScriptedOperator
from real.robot import RobotError, RobotState

PATIENCE = 8.0
"""Time that a person waits for arms that are to be released and at home [s]."""


class Person(ScriptedOperator):
    """An operator who does a deed after so many looks, and releases a stop when asked to.

    Args:
        deed: What happens; told of the person.
        robot: The watched robot.
        realtime: Whether time passes by itself, so that a signal is a signal.

    Attributes:
        left: Looks that are left until then.
        done: Whether it has happened.
        when: When it happened, by the computer's clock [s].
        failing: What the policy or the learner does from then on: ``"policy raises"``,
            ``"policy NaN"``, ``"learner raises"``, or nothing.
        waiting: What happens when the next episode is first waited for.
    """

    def __init__(self, deed: Callable[[Person], None], robot: Any, *, realtime: bool) -> None:
        super().__init__(patience=PATIENCE)
        self.robot, self.realtime = robot, realtime
        self.left, self.done, self.when, self.failing = 10**9, False, 0.0, ""
        self.waiting: Callable[[], object] | None = None
        self._deed = deed

    def poll(self) -> list[Event]:
        """Return what was said since the last call."""
        self.left -= 1
        if self.left == 0:
            self.act()
        return list(super().poll())

    def hear(self) -> list[Event]:
        """Return what was said, as a thread beside the loop may ask: that is no look."""
        return list(super().poll())

    def ask(self, event: Event, message: str) -> None:
        """Be asked something."""
        super().ask(event, message)
        if event is Event.READY and self.waiting is not None:
            waiting, self.waiting = self.waiting, None
            waiting()

    def answer(self, *events: Event) -> None:
        """Answer these from now on when asked for them, and no others."""
        self._answers = frozenset(events)

    def act(self) -> None:
        """Do the deed, once."""
        if not self.done:
            self.done, self.when = True, time.monotonic()
            self.say(Event.RESUME)  # for whoever is to fail later, if this was said in a pause
            self._deed(self)

    def fail(self, *kinds: str) -> bool:
        """Tell whether one of these is to fail now, and note the moment."""
        if self.failing not in kinds:
            return False
        self.when = time.monotonic()
        return True

    def heal(self) -> None:
        """Repair robot, policy and learner."""
        self.failing = ""
        self.robot.heal()


def key(person: Person) -> None:
    """Press SPACE."""
    person.say(Event.STOP)


def ctrl_c(person: Person) -> None:
    """Press Ctrl-C."""
    if not person.realtime:
        raise KeyboardInterrupt
    os.kill(os.getpid(), signal.SIGINT)


def sigterm(person: Person) -> None:
    """End the process in order."""
    if not person.realtime:
        raise SystemExit(128 + signal.SIGTERM)  # which is what its handler does
    os.kill(os.getpid(), signal.SIGTERM)


def sighup(person: Person) -> None:
    """Close the terminal."""
    if not person.realtime:
        raise SystemExit(128 + signal.SIGHUP)
    os.kill(os.getpid(), signal.SIGHUP)


def policy_raises(person: Person) -> None:
    """Have the policy raise at its next decision."""
    person.failing = "policy raises"


def policy_nan(person: Person) -> None:
    """Have the policy decide NaN."""
    person.failing = "policy NaN"


def learner(person: Person) -> None:
    """Have the learner raise before the next decision."""
    person.failing = "learner raises"


def anywhere(person: Person) -> None:
    """Raise in the middle of the control loop."""
    raise RuntimeError("a defect somewhere")


def lost(person: Person) -> None:
    """Lose the connection."""
    person.robot.lose()


def refused(person: Person) -> None:
    """Refuse every command, as a robot in reflex does."""
    person.robot.broken["command"] = RobotError("the robot is in reflex mode")


def defect(person: Person) -> None:
    """Fail in the driver as no driver should."""
    person.robot.broken["state"] = ValueError("a driver's defect")


def deaf(person: Person) -> None:
    """Press SPACE at a robot whose driver cannot be told to stop."""
    person.robot.broken["stop"] = RuntimeError("cannot be told")
    person.say(Event.STOP)


def blocked(person: Person) -> None:
    """Press SPACE while the driver takes a second to measure."""
    person.robot.blocking = "state"
    time.sleep(0.05)
    person.when = time.monotonic()
    person.say(Event.STOP)


def not_a_number(person: Person) -> None:
    """Measure NaN."""
    person.robot.spoil = lambda state: replace(state, position=np.full_like(state.position, np.nan))


def stale(person: Person) -> None:
    """Measure nothing new any more."""
    person.robot.spoil = lambda state: replace(state, stamp=state.stamp - 1.0)


def frozen(person: Person) -> None:
    """Measure the same for ever, with time stamps that are new."""
    kept: list[RobotState] = []

    def same(state: RobotState) -> RobotState:
        kept.append(state)
        return replace(kept[0], stamp=state.stamp)

    person.robot.spoil = same


def pushed(person: Person) -> None:
    """Let a hand move the arms aside."""
    person.robot.push()


class Cause(NamedTuple):
    """A cause of a stop.

    Attributes:
        deed: What happens.
        times: Kinds of time in which it can: simulated, real.
        timed: Whether it is told to stop, or fails, in an instant that latency counts from.
        asked: Whether somebody asks for a stop, which arms at rest have to be told as well.
    """

    deed: Callable[[Person], None]
    times: tuple[bool, ...] = (False, True)
    timed: bool = True
    asked: bool = False


CAUSES = {
    "SPACE": Cause(key, asked=True),
    "SIGINT": Cause(ctrl_c, asked=True),
    "SIGTERM": Cause(sigterm, asked=True),
    "SIGHUP": Cause(sighup, asked=True),
    "policy raises": Cause(policy_raises),
    "policy NaN": Cause(policy_nan),
    "learner raises": Cause(learner),
    "connection lost": Cause(lost),
    "commands refused": Cause(refused),
    "state() raises": Cause(defect),
    "SPACE, stop() raises": Cause(deaf, asked=True),
    "SPACE, state() blocks": Cause(blocked, (True,), asked=True),
    "sensor measures NaN": Cause(not_a_number),
    "sensor measures nothing new": Cause(stale),
    "sensor frozen": Cause(frozen, timed=False),  # seen once the arms are 0.1 m away
    "raised in the loop": Cause(anywhere, (False,)),
    "moved by hand": Cause(pushed, (False,), timed=False),
}
"""Causes by name."""
