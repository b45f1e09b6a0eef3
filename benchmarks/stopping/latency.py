"""Stop latency: from the moment of a cause until no arm moves any more."""

from __future__ import annotations

import threading
import time
from typing import Any, NamedTuple

import numpy as np

from benchmarks.stopping.causes import CAUSES, Person
from benchmarks.stopping.faults import ATTEMPTS, ended_with
from benchmarks.stopping.kinds import ROBOTS
from benchmarks.stopping.phases import PHASES, Session
from real.operators import Event

SAMPLING = 0.002
"""Time between two looks at the arms' speed [s]."""
STILL = 0.01
"""Speed below which arms stand still [m/s]: half of what a motion may begin from."""
PATIENCE = 5.0
"""Time that a release is waited for, which does not come [s]."""
SETTLED = 0.3
"""Time after which arms would still be seen to move, if they did [s]."""
TRIALS = {"coasting, real time": 3, "served": 2, "simulated, real time": 1}
"""Trials of each cause and phase, by robot."""
DECIDING = ("policy raises", "policy NaN", "learner raises")
"""Causes that there are only where something is decided."""
IDLE = ("homing", "waiting", "pause")
"""Phases in which nothing is."""


class Trial(NamedTuple):
    """A trial: of a cause in a phase, with a robot, by number."""

    cause: str
    phase: str
    robot: str
    number: int


def trials(share: float = 1.0) -> list[Trial]:
    """List the trials, of all causes that have a moment, in all phases in which they can come.

    Args:
        share: How many of the usual number of each; at least one.

    >>> len({one.phase for one in trials()})
    8
    """
    return [
        Trial(cause, phase, robot, number)
        for robot, most in TRIALS.items()
        for number in range(max(1, round(share * most)))
        for phase in PHASES
        for cause in CAUSES
        if CAUSES[cause].timed
        and True in CAUSES[cause].times
        and not (cause in DECIDING and phase in IDLE)
        and not (phase == "waiting" and ROBOTS[robot].scene)
    ]


class Sampler:
    """A thread that looks how fast the arms are.

    Args:
        robot: The watched robot.
    """

    def __init__(self, robot: Any) -> None:
        self._robot = robot
        self._seen: list[tuple[float, float]] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)
        self._thread.start()

    def end(self) -> np.ndarray:
        """End, and return the times [s] and speeds [m/s]. Shape ``(T, 2)``."""
        self._ended.set()
        self._thread.join()
        return np.array(self._seen).reshape(-1, 2)

    def _run(self) -> None:
        while not self._ended.wait(SAMPLING):
            self._seen.append((time.monotonic(), self._robot.speed))


def measure(trial: Trial) -> dict[str, Any]:
    """Have a trial, and again if the cause did not happen, for a busy machine had stopped the arms.

    Returns:
        The trial, and ``latency`` [s]: until the arms stood still for good, or where they did
        already, and somebody asked for it, until the driver was told to hold or closed; ``moving``
        tells whether they moved. None if the cause did not happen, or had nothing to stop.
    """
    measured: dict[str, Any] = {}
    for attempt in range(ATTEMPTS):
        measured = _measure(trial, attempt)
        if measured["happened"]:
            break
    return measured


def _measure(trial: Trial, attempt: int) -> dict[str, Any]:
    kind, preset = ROBOTS[trial.robot], ROBOTS[trial.robot].preset
    rng = np.random.default_rng([trial.number, attempt, *trial.cause.encode()])
    robot = kind.make(preset)
    person = Person(CAUSES[trial.cause].deed, robot, realtime=True)
    person.patience = PATIENCE
    person.answer(Event.READY)
    session = Session(robot, preset, person, rng)
    sampler = Sampler(robot)
    ended = ended_with(lambda: PHASES[trial.phase](session), True)
    if not ended:
        ended = ended_with(lambda: time.sleep(SETTLED), True)
    closed = ended_with(session.close, True)
    seen = sampler.end()
    latency, moving = None, False
    if person.when:
        rest = _rest(seen, person.when, STILL)
        moving = rest is not None
        asked = CAUSES[trial.cause].asked
        latency = rest if moving else _told(robot, person.when) if asked else None
    return {
        **trial._asdict(),
        "happened": bool(person.when),
        "latency": None if latency is None else round(latency, 4),
        "moving": moving,
        "ended": ended or closed,
    }


def _rest(seen: np.ndarray, when: float, still: float) -> float | None:
    """Return the time from a moment until the arms were last seen to move; None if they rested."""
    moving = seen[(seen[:, 0] >= when) & (seen[:, 1] > still), 0]
    return float(moving[-1] - when) if len(moving) else None


def _told(robot: Any, when: float) -> float | None:
    """Return the time from a moment until the driver was told to hold or was closed [s]."""
    told = [stamp for stamp in robot.told if stamp >= when]
    return min(told) - when if told else None
