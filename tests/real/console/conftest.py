"""An arm that flies on in silence, in real time, and a console's desk beside it."""

from __future__ import annotations

import threading
import time
from contextlib import closing

import numpy as np
import pytest

from real.clock import WallClock
from real.env import RealRobotEnv
from real.operators import FOR_EVER, Event, ScriptedOperator
from real.tasks.files import load_preset
from tests.helpers.robots.coasting import CoastingRobot

# A machine that has other things to do stops no arm here, and no episode ends by itself.
BUSY = {"max_missed_deadlines": 120, "max_state_age": 3.0, "max_tracking_error": 1.0}
PRESET = load_preset("place-orange")
WATCHDOG = PRESET.watchdog.model_copy(update=BUSY)
PRESET = PRESET.model_copy(update={"watchdog": WATCHDOG, "episode_steps": 100_000})
SLOW = 0.02
"""Speed above which the arm moves [m/s]; not fast, for it flies on while the machine is busy."""


def action(number):
    """To and fro, 5 cm, in four seconds."""
    away = 0.1 * np.sin(2 * np.pi * number / 120)
    return np.array([away, away, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0], np.float32)


class LiveArm(CoastingRobot):
    """Whose time is the computer's, and whose speed is known to who looks."""

    def __init__(self, preset):
        super().__init__(preset)
        self.clock = WallClock()
        self.place(self._coordinates.home)

    @property
    def here(self):
        return self._here().position[0]

    @property
    def speed(self):
        return float(np.linalg.norm(self._linear[0]))

    @property
    def opening(self):
        return float(self.commands[-1][1].gripper[0])

    def images(self, names):
        rows = np.arange(60, dtype=np.uint8)[:, None, None] + int(time.monotonic() * 50) % 190
        return {name: np.tile(rows, (1, 80, 3)).astype(np.uint8) for name in names}


class SteadyArm(LiveArm):
    """Where it was sent, at once: a browser keeps two cores busy for longer than an arm may fly."""

    moved = -np.inf

    def command(self, command):
        before = self.here
        self._called("command")
        self.place(self._coordinates.of(command))
        self.commands.append((self.clock.now(), command))
        if np.abs(self.here - before).max() > 1e-5:
            self.moved = time.monotonic()

    @property
    def speed(self):
        return 1.0 if time.monotonic() - self.moved < 0.25 else 0.0


class Trainer:
    """A thread that plays episodes to and fro, and keeps the last infos."""

    open: list[Trainer] = []  # noqa: RUF012

    def __init__(self, desk, arm=LiveArm, **settings):
        self.open.append(self)
        self.robot, self.desk, self.infos, self.ends = arm(PRESET), desk, [], []
        self.seeds = []
        settings = {"operator": ScriptedOperator(answers=(), patience=FOR_EVER), **settings}
        self.env = RealRobotEnv(PRESET, driver=self.robot, console=desk, **settings)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._play, daemon=True)
        self._thread.start()

    @property
    def told(self):
        """What a failing test has to know."""
        shown = self.desk.shown()
        names = ("phase", "stop", "asked", "holder", "hands")
        return {name: shown.get(name) for name in names} | {"events": shown["events"][-4:]}

    def _play(self):
        with closing(self.env):
            while not self._closed.is_set():
                try:
                    _, info = self.env.reset(seed=None if self.seeds else 0)
                except Exception:
                    return
                self.seeds.append(info["seed"])
                over, number = False, 0
                while not (over or self._closed.is_set()):
                    self.env.note_plan(np.stack([action(number + ahead) for ahead in range(8)]))
                    *_, ended, cut, info = self.env.step(action(number))
                    over, number = ended or cut, number + 1
                    self.infos.append(info)
                self.ends.append(info)

    def close(self):
        self._closed.set()
        deadline = time.monotonic() + 5.0
        while self._thread.is_alive() and time.monotonic() < deadline:
            for word in (Event.RELEASE, Event.RESUME, Event.READY, Event.ABORT):
                self.desk.words.say(word)
            self._thread.join(timeout=0.2)
        self.open.remove(self)
        assert not self._thread.is_alive()


@pytest.fixture(scope="module")
def until():
    def until(condition, seconds=10.0):
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < deadline, [trainer.told for trainer in Trainer.open]
            time.sleep(0.005)
        return found

    return until
