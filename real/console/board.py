"""Board of a robot's session: its episodes, their curve over robot minutes, and what happened."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from real.motion.emergency import Stop
from real.recording.episode_file import OUTCOMES, EpisodeEntry
from real.recording.recorder import Step
from real.robot import RobotState
from real.tasks.preset import Preset
from zprl_env.envs.outcomes import OUTCOME, Verdict
from zprl_env.envs.takeover import PERSON, TAKEOVER

WINDOW = 20
"""Episodes of the rolling success rate."""
OUTSIDE = 0.001
"""Distance outside of the box from which on a target is worth a line [m]."""
KEPT_EVENTS, KEPT_EPISODES = 100, 100
"""Lines and episodes that are shown; all episodes are counted."""


class Board:
    """Board of what a session has done: a recorder that keeps no more than a page can show.

    It is written by the thread of the control loop, and read by that of the console.

    Args:
        now: The time of day [s].

    Attributes:
        running: Whether an episode is under way.
        steps: Its steps so far.
        number: Its number, from 1 on.
        by: Who made the last step, ``""`` where nobody can take the arms.
        plan: Actions that the policy is about to do, the oldest first. Shape ``(n, A)``.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._lock = threading.Lock()
        self.running, self.steps, self.number, self.by = False, 0, 0, ""
        self.plan = np.zeros((0, 0))
        self._minutes, self._per_step, self._most = 0.0, 0.0, 0
        self._counted: dict[int, tuple[float, bool]] = {}  # by the episode's number
        self._verdicts: dict[int, Verdict] = {}
        self._outcomes: Counter[str] = Counter()
        self._episodes: deque[dict[str, Any]] = deque(maxlen=KEPT_EPISODES)
        self._events: deque[dict[str, Any]] = deque(maxlen=KEPT_EVENTS)
        self._stop: Stop | None = None
        self._outside, self._late, self._people, self._silent = False, 0, 0, False

    def remember(self, entries: Iterable[EpisodeEntry], rate: float) -> None:
        """Begin with the episodes of a recording that is gone on with.

        Args:
            entries: Its episodes.
            rate: Steps per second.
        """
        with self._lock:
            for entry in entries:
                self.number += 1
                self._minutes += entry.steps / rate / 60.0
                self._note(entry.outcome, entry.steps, entry.by_person, entry.file.name)

    def begin(
        self, preset: Preset, observation: np.ndarray, state: RobotState, info: Mapping[str, Any]
    ) -> None:
        """An episode begins."""
        with self._lock:
            self.number += 1
            self.running, self.steps, self.by = True, 0, ""
            self.plan = np.zeros((0, 0))
            self._per_step, self._most = 1.0 / preset.rate / 60.0, preset.episode_steps
            self._outside, self._late, self._people, self._silent = False, 0, 0, False

    def add(self, step: Step) -> None:
        """A step was made."""
        safety, spent = step.info.get("safety", {}), step.info.get("time", {})
        with self._lock:
            if OUTCOME in step.info:
                self._verdicts[self.number] = step.info[OUTCOME]
            self.steps += 1
            self._minutes += self._per_step
            self.plan = self.plan[1:]
            people = step.info.get(TAKEOVER)
            if people is not None:
                self._note_hands(people)
            outside = float(safety.get("clipped", 0.0)) > OUTSIDE
            if outside and not self._outside:
                self._tell("limits", f"A target lay {1e3 * safety['clipped']:.0f} mm outside.")
            self._outside = outside
            late = sum(spent.get("late", {}).values())
            if late > self._late:
                whose = ", ".join(f"{who} {number}" for who, number in spent["late"].items())
                self._tell("late", f"Deadlines were missed: {whose}.")
            self._late = late

    def end(self, outcome: str) -> None:
        """The episode is over."""
        with self._lock:
            if self.running and self.steps:
                self._note(outcome, self.steps, self._people, "")
                self._tell("episode", f"Episode {self.number}: {outcome}.")
            elif self.running:
                self.number -= 1
            self.running, self.plan = False, np.zeros((0, 0))

    def amend(self, outcome: str, verdict: Verdict) -> None:
        """An episode has another outcome after all."""
        with self._lock:
            shown = {one["number"]: one for one in self._episodes}
            found = [n for n, known in self._verdicts.items() if known is verdict and n in shown]
            if not found:
                return
            (number,) = found
            one = shown[number]
            one.setdefault("before", one["outcome"])
            self._outcomes[one["outcome"]] -= 1
            self._outcomes[outcome] += 1
            one["outcome"] = outcome
            self._count(one)
            self._tell("episode", f"Episode {number} is {outcome} after all.")

    def verdict(self, number: int) -> Verdict | None:
        """Return the verdict of an episode, by which it can be judged anew.

        Args:
            number: Its number.

        Returns:
            None if it is under way, not shown any more, or has none: it was given up, or is of an
            earlier session.
        """
        with self._lock:
            shown = any(one["number"] == number for one in self._episodes)
            return self._verdicts.get(number) if shown else None

    def close(self) -> None:
        """Do nothing."""

    def note_plan(self, actions: np.ndarray) -> None:
        """Note what the policy is about to do. Shape ``(n, A)``."""
        self.plan = np.array(actions, np.float64)

    def note_stop(self, stop: Stop | None) -> None:
        """Note a stop, whenever it comes, and its release."""
        with self._lock:
            if stop == self._stop:
                return
            before, self._stop = self._stop, stop
            if stop is not None:
                self._tell("stop", f"Stopped by the {stop.source}: {stop.reason}.")
            elif before is not None:
                self._tell("stop", "Released.")

    def tell(self, kind: str, text: str) -> None:
        """Note something else that happened."""
        with self._lock:
            self._tell(kind, text)

    def shown(self) -> dict[str, Any]:
        """Return everything as values of JSON."""
        with self._lock:
            counted = [self._counted[number] for number in sorted(self._counted)]
            flags = [success for _, success in counted]
            curve = [
                [round(minutes, 3), round(float(np.mean(flags[max(0, n - WINDOW + 1) : n + 1])), 4)]
                for n, (minutes, _) in enumerate(counted)
            ]
            return {
                "running": self.running,
                "number": self.number,
                "steps": self.steps,
                "of": self._most,
                "by": self.by,
                "minutes": round(self._minutes, 3),
                "outcomes": {name: n for name, n in self._outcomes.items() if n},
                "curve": curve[-1000:],
                "episodes": [*self._episodes],
                "events": [*self._events],
            }

    def _note(self, outcome: str, steps: int, by_person: int, file: str) -> None:
        """Note an episode."""
        self._outcomes[outcome] += 1
        told = {
            "number": self.number,
            "outcome": outcome,
            "steps": steps,
            "by_person": by_person,
            "minutes": round(self._minutes, 3),
            "file": file,
            "judged": self.number in self._verdicts,
        }
        self._episodes.append(told)
        self._count(told)

    def _count(self, told: Mapping[str, Any]) -> None:
        """Count an episode in the curve, if it says something about the policy."""
        self._counted.pop(told["number"], None)
        if told["outcome"] in OUTCOMES:
            success = OUTCOMES[told["outcome"]] and not told["by_person"]
            self._counted[told["number"]] = (told["minutes"], success)

    def _note_hands(self, told: Mapping[str, Any]) -> None:
        by, silent = str(told["by"]), bool(told["silent"]) and told["by"] == PERSON
        if by != self.by and not (by != PERSON and not self.by):
            takes = "A person has taken the arms." if by == PERSON else "The policy has the arms."
            self._tell("people", takes)
        if silent and not self._silent:
            self._tell("people", "The person's device is not heard: the arms are held.")
        self.by, self._silent = by, silent
        self._people += by == PERSON

    def _tell(self, kind: str, text: str) -> None:
        at = time.strftime("%H:%M:%S", time.localtime(self._now()))
        self._events.append({"at": at, "kind": kind, "text": text})
