"""Jitter of the robot's control loop: how late its periods begin, alone and beside a learner.

    python -m benchmarks.control_loop --seconds 5   measure, a minute; keep and print the table
    python -m benchmarks.control_loop summary       the table of what was measured

The robot environment runs on an ideal robot by the computer's clock, at several rates: alone,
beside SAC's gradient steps in another thread of the same process, and beside them in a process of
their own. Every period's lateness is kept, and every deadline that was missed is counted. The arm
moves all the time, so that nothing of the loop is left out.
"""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.synchronize import Event as ProcessEvent
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.tables import markdown
from benchmarks.tools.command import CommandLine
from benchmarks.tools.kept import RESULTS as ALL_RESULTS
from benchmarks.tools.kept import keep, keep_table, measured
from benchmarks.tools.machine import machine
from real.drivers.ideal import IdealRobot
from real.env import RealRobotEnv
from real.operators import ScriptedOperator
from real.tasks.files import load_preset
from zprl_env.errors import ZprlError
from zprl_env.files import make_writable

RESULTS = ALL_RESULTS / "real"
FILE, TABLE = "control_loop.json", "control_loop.md"
RATES = (10, 20, 30, 100)
LEARNERS = ("none", "thread", "process")
PATIENT = 10**6
"""Deadlines that may be missed in a row: here they are counted, not acted upon."""


def train(until: threading.Event | ProcessEvent) -> None:
    """Take SAC's gradient steps until told to end."""
    import torch
    from stable_baselines3.common.vec_env import DummyVecEnv

    from benchmarks import learner

    torch.set_num_threads(1)
    env = DummyVecEnv([lambda: learner.Nowhere()])
    model = learner.fill(learner.ours(env, 128))
    model.train(gradient_steps=10, batch_size=128)
    _READY.set()
    while not until.is_set():
        model.train(gradient_steps=10, batch_size=128)


_READY = threading.Event()


@contextmanager
def learning(where: str) -> Iterator[None]:
    """Let a learner train meanwhile: nowhere, in a thread, or in a process."""
    if where == "none":
        yield
        return
    context = multiprocessing.get_context("spawn")
    until: Any = threading.Event() if where == "thread" else context.Event()
    _READY.clear()
    worker: Any = (
        threading.Thread(target=train, args=(until,))
        if where == "thread"
        else context.Process(target=train, args=(until,))
    )
    worker.start()
    if where == "thread":
        _READY.wait()
    else:
        time.sleep(20.0)  # the process imports torch before it learns
    try:
        yield
    finally:
        until.set()
        worker.join()


def measure(rate: int, seconds: float) -> dict[str, float]:
    """Move the arm at a rate for some time.

    Args:
        rate: Control periods per second, one for each action [Hz].
        seconds: How long.

    Returns:
        Percentiles of the beats' lateness [ms], and the deadlines that were missed.
    """
    usual = load_preset("place-orange")
    watchdog = usual.watchdog.model_copy(update={"max_missed_deadlines": PATIENT})
    beats = max(2, int(seconds * rate))
    preset = usual.model_copy(
        update={
            "rate": rate,
            "control_rate": rate,
            "watchdog": watchdog,
            "episode_steps": beats + 1,
        }
    )
    robot = IdealRobot(preset, realtime=True)
    env = RealRobotEnv(preset, driver=robot, operator=ScriptedOperator())
    env.reset(seed=0)
    rng = np.random.default_rng(0)
    late, pacer = [], env.pacer
    for _ in range(beats):
        *_, truncated, info = env.step(rng.uniform(-0.4, 0.4, 8))
        late.append(1e3 * pacer.lateness)
        if truncated:
            raise ZprlError(f"the loop must run through. Got: {info['safety']['stop']}.")
    env.close()
    return {
        "beats": beats,
        "p50_ms": float(np.percentile(late, 50)),
        "p99_ms": float(np.percentile(late, 99)),
        "max_ms": float(np.max(late)),
        "missed": info["time"]["overruns"],
    }


def table(out: Path = RESULTS) -> str:
    """Draw up the measurements as a Markdown table.

    Raises:
        ZprlError: Nothing was.
    """
    head = ["learner", "Hz", "periods", "p50 [ms]", "p99 [ms]", "max [ms]", "missed"]
    rows = []
    for one in measured(out / FILE, "python -m benchmarks.control_loop run")["rows"]:
        times = (f"{one[name]:.3f}" for name in ("p50_ms", "p99_ms", "max_ms"))
        counts = (str(one[name]) for name in ("rate", "beats"))
        rows.append([one["learner"], *counts, *times, str(one["missed"])])
    return markdown.table(head, rows)


@dataclass(frozen=True)
class Summary:
    """Print and write control_loop.md of the measurements."""

    out: Path = RESULTS
    """Folder of the results."""

    def __call__(self) -> None:
        """Make the table."""
        keep_table(self.out / TABLE, table(self.out))


@dataclass(frozen=True)
class Run:
    """Measure the control loop's jitter in real time, keep it and print the table."""

    seconds: float = 30.0
    """Time for each rate and learner."""
    out: Path = RESULTS
    """Folder for the results: control_loop.json and control_loop.md."""

    def __post_init__(self) -> None:
        if not 0.0 < self.seconds < float("inf"):
            raise ZprlError(f"seconds must be positive. Got: {self.seconds}.")

    def __call__(self) -> None:
        """Measure."""
        make_writable(self.out)
        rows: list[dict[str, Any]] = []
        for learner in LEARNERS:
            with learning(learner):
                for rate in RATES:
                    row = measure(rate, self.seconds)
                    rows.append({"learner": learner, "rate": rate, **row})
        content = {"rows": rows, "seconds": self.seconds, "machine": machine()}
        keep(self.out / FILE, content)
        Summary(self.out)()


COMMAND = CommandLine("control_loop", __doc__, (Run, Summary), default="run")

if __name__ == "__main__":
    COMMAND.main()
