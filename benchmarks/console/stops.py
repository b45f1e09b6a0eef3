"""Stops through the page of an arm that flies on in silence: from the request until it stands."""

from __future__ import annotations

import threading
import time
from contextlib import closing, suppress

import numpy as np

from benchmarks.console.page import posted, served_page
from benchmarks.stopping.kinds import ROBOTS
from real.console.desk import Desk
from real.env import RealRobotEnv
from real.operators import FOR_EVER, ScriptedOperator
from zprl_env.errors import ZprlError

LOADS = ("nobody computes", "a learner computes")
"""Loads of this process beside the arm."""
ROBOT = "coasting, real time"
STILL = 0.01
"""Speed below which the arm stands still [m/s]."""
PATIENCE = 20.0
"""Time that something is waited for [s]."""


def stops(trials: int, load: str) -> list[float]:
    """Measure stops through the page.

    Args:
        trials: How many.
        load: One of `LOADS`.

    Returns:
        Seconds from the request until the arm stood still, of each.

    Raises:
        ZprlError: The arm does not begin to move, or a stop is not answered.
    """
    kind = ROBOTS[ROBOT]
    robot, desk = kind.make(kind.preset), Desk()
    operator = ScriptedOperator(answers=(), patience=FOR_EVER)
    env = RealRobotEnv(kind.preset, driver=robot, operator=operator, console=desk)
    ended = threading.Event()
    threads = [threading.Thread(target=_play, args=(env, ended), daemon=True)]
    if load == LOADS[1]:
        threads.append(threading.Thread(target=_compute, args=(ended,), daemon=True))
    found = []
    with closing(desk.open()), served_page() as (host, port):
        for thread in threads:
            thread.start()
        for _ in range(trials):
            _until_moving(desk, robot)
            began = time.monotonic()
            status, said = posted(host, port, "/console/stop")
            if status != 200 or b'"latched":true' not in said:
                raise ZprlError(f"A stop must be answered. Got: {status}, {said[:200]!r}.")
            while robot.speed > STILL:
                time.sleep(0.0005)
            found.append(round(time.monotonic() - began, 4))
        ended.set()
        while threads[0].is_alive():
            _answer(desk)
            threads[0].join(timeout=0.1)
    return found


def _play(env: RealRobotEnv, ended: threading.Event) -> None:
    """Play episodes, to and fro."""
    rng = np.random.default_rng(0)
    action = env.action_space.sample()
    with closing(env), suppress(Exception):
        while not ended.is_set():
            env.reset(seed=0)
            over = False
            while not (over or ended.is_set()):
                action = np.clip(0.9 * action + 0.1 * rng.normal(size=action.shape), -0.5, 0.5)
                *_, done, cut, _ = env.step(action.astype(np.float32))
                over = done or cut


def _compute(ended: threading.Event) -> None:
    """Compute as a learner does: many small products, with Python between them."""
    weights = np.random.default_rng(0).normal(size=(256, 256)).astype(np.float32)
    values = weights
    while not ended.is_set():
        values = np.tanh(values @ weights)


def _answer(desk: Desk) -> None:
    if desk.words.asked is not None:
        desk.words.say(desk.words.asked[0])
        time.sleep(0.02)


def _until_moving(desk: Desk, robot: object) -> None:
    """Answer what is asked, until an episode is under way and the arm moves.

    Raises:
        ZprlError: It does not.
    """
    until = time.monotonic() + PATIENCE
    while not (desk.board.running and getattr(robot, "speed", 0.0) > 5 * STILL):
        _answer(desk)
        if time.monotonic() > until:
            raise ZprlError(f"The arm must move within {PATIENCE:g} s. Got: {desk.shown()}.")
        time.sleep(0.005)
