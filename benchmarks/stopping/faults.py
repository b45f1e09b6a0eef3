"""Random faults: a cause, a phase and a robot each, and what became of the arms."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.stopping.causes import CAUSES, Person
from benchmarks.stopping.kinds import ROBOTS
from benchmarks.stopping.phases import PHASES, Session
from benchmarks.tools.watched import Stretch
from real.operators import Event
from zprl_env.errors import ZprlError

ATTEMPTS = 3
"""Times that a case is tried whose fault does not happen: a busy machine stops arms before."""
ENDS = (KeyboardInterrupt, SystemExit, ZprlError, OSError, ValueError, RuntimeError)
"""Exceptions that a session may end with."""
HURRIED = 0.49
"""Fraction of a period that at least lies between two commands."""
LATE = 0.3
"""Time in which a signal that was sent is delivered [s]."""


def draw(seed: int) -> tuple[str, str, str]:
    """Draw cause, phase and robot of a case.

    >>> draw(0) == draw(0)
    True
    """
    rng = np.random.default_rng([seed, 0])
    shares = [kind.share for kind in ROBOTS.values()]
    robot = str(rng.choice([*ROBOTS], p=np.array(shares) / sum(shares)))
    causes = [name for name, cause in CAUSES.items() if ROBOTS[robot].realtime in cause.times]
    phases = [name for name in PHASES if name != "waiting" or not ROBOTS[robot].scene]
    return str(rng.choice(causes)), str(rng.choice(phases)), robot


def case(seed: int) -> dict[str, Any]:
    """Draw a case, and have it."""
    for attempt in range(ATTEMPTS):
        suffered = suffer(*draw(seed), seed, attempt)
        if suffered["happened"] or not safe(suffered):
            break
    return suffered


def suffer(cause: str, phase: str, robot: str, seed: int, attempt: int = 0) -> dict[str, Any]:
    """Let a fault happen, go on after it or not, and look at all that the driver was told.

    Args:
        cause: What happens, of `CAUSES`.
        phase: When, of `PHASES`.
        robot: To whom, of `ROBOTS`.
        seed: Of the rest: how the arms move, at which moment, and what is done afterwards.
        attempt: Number of the attempt, of which each is another one.

    Returns:
        The case: whether it happened, the commands, the limits that they broke, how fast the arms
        were when the driver was closed, and whether that is at rest.
    """
    kind, preset = ROBOTS[robot], ROBOTS[robot].preset
    rng, watched = np.random.default_rng([seed, 1 + attempt]), kind.make(preset)
    person = Person(CAUSES[cause].deed, watched, realtime=kind.realtime)
    session = Session(watched, preset, person, rng)
    ended = ended_with(lambda: PHASES[phase](session), kind.realtime)
    after = str(rng.choice(["nothing", "again", "repaired"]))
    person.answer(Event.READY, Event.RELEASE)
    if after == "repaired":
        person.heal()
    if after != "nothing":
        went_on = ended_with(lambda: _go_on(session), kind.realtime)
        after = f"{after}: {went_on or 'went on'}"
    closed = ended_with(session.close, kind.realtime)
    unsafe = [
        str(one)
        for stretch in watched.stretches
        for one in stretch.extremes(preset)
        if not one.kept
    ]
    if not kind.realtime:
        unsafe += _hurried(watched.stretches, 1.0 / preset.control_rate)
    return {
        "cause": cause,
        "phase": phase,
        "robot": robot,
        "seed": seed,
        "happened": person.done,
        "ended": ended,
        "after": after,
        "closed": closed,
        "commands": sum(len(stretch.commands) for stretch in watched.stretches),
        "unsafe": unsafe,
        "speed": round(float(watched.left_with), 9),
        "at_rest": bool(watched.left_with < kind.still),
    }


def _hurried(stretches: list[Stretch], period: float) -> list[str]:
    """Say how often a command came on the heels of another one."""
    gaps = np.concatenate([np.diff(stretch.stamps) for stretch in stretches] or [np.zeros(0)])
    hurried = int((gaps < HURRIED * period).sum())
    return [f"{hurried} commands came less than half a period after another"] if hurried else []


def _go_on(session: Session) -> None:
    """Go on as whoever sees an error in a notebook does."""
    session.begin()
    session.play(4)


def ended_with(part: Callable[[], object], realtime: bool) -> str:
    """Do a part of a session, and return the name of what it ended with; empty for nothing."""
    try:
        part()
        if realtime:
            time.sleep(LATE)  # for a signal that is still on its way
    except ENDS as error:
        return type(error).__name__
    return ""


def safe(case: dict[str, Any]) -> bool:
    """Tell whether nothing unsafe was commanded and all arms were left at rest."""
    return not case["unsafe"] and case["at_rest"]
