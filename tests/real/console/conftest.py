"""An arm that flies on in silence, in real time, and a console's desk beside it."""

from __future__ import annotations

import threading
import time
from contextlib import closing

import numpy as np
import pytest

from real.clock import WallClock
from real.console.desk import Desk
from real.env import RealRobotEnv
from real.operators import FOR_EVER, Event, ScriptedOperator
from real.tasks.files import load_preset
from tests.helpers.robots.coasting import CoastingRobot

PRESET = load_preset("place-orange")
AWAY = np.array([0.2, 0.3, -0.2, 0.0, 1.0, 0.1, 0.0, -1.0], np.float32)
BACK = np.array([-0.2, -0.3, 0.2, 0.0, 1.0, 0.1, 0.0, 1.0], np.float32)


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


class Trainer:
    """A thread that plays episodes to and fro, and keeps the last infos."""

    def __init__(self, desk, **settings):
        self.robot, self.desk, self.infos, self.ends = LiveArm(PRESET), desk, [], []
        self.seeds = []
        settings = {"operator": ScriptedOperator(answers=(), patience=FOR_EVER), **settings}
        self.env = RealRobotEnv(PRESET, driver=self.robot, console=desk, **settings)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._play, daemon=True)
        self._thread.start()

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
                    self.env.note_plan(np.stack([AWAY, BACK]))
                    *_, ended, cut, info = self.env.step(AWAY if number // 20 % 2 else BACK)
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
        assert not self._thread.is_alive()


@pytest.fixture(scope="module")
def until():
    def until(condition, seconds=10.0):
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < deadline
            time.sleep(0.005)
        return found

    return until
