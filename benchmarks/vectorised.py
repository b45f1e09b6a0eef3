"""Throughput and memory of one policy for N environments, beside a policy in each of them.

    python -m benchmarks.vectorised run               Lift, 4 seconds a turn; minutes
    python -m benchmarks.vectorised run box-close 4   another task, and seconds of a turn
    python -m benchmarks.vectorised summary           the table of what was measured

  bare       ActionChunkWrapper in Stable-Baselines3's SubprocVecEnv, random chunks
  batched    the same in SteeringVecEnv: the policy lives in this process
  separate   LatentSteeringWrapper in each worker: N policies

Every turn starts its processes anew, since those of all would not fit into memory together.
Decisions are counted over all environments, resets included; the agent's actions are zero. Memory
is the proportional share (PSS) of the workers and of this process.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from multiprocessing import active_children
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import gymnasium as gym
import numpy as np
from stable_baselines3.common.vec_env import SubprocVecEnv, VecEnv
from tyro.conf import Positional, arg

from benchmarks.tables import markdown
from benchmarks.tools.command import CommandLine, check_seconds
from benchmarks.tools.kept import RESULTS as ALL_RESULTS
from benchmarks.tools.kept import TABLE, keep, keep_table
from benchmarks.tools.machine import machine
from zprl_env import ActionChunkWrapper, LatentSteeringWrapper, SteeringVecEnv, make_env
from zprl_env.files import read_json
from zprl_env.loading.resolve import resolve_policy
from zprl_env.tasks import TASKS, task_name

RESULTS = ALL_RESULTS / "vectorised"
COUNTS = (1, 2, 4, 8, 16)
ROUNDS = 1
OPTIONS: dict[str, Any] = {"scale": 2.0, "noise": "zero"}


def chunked(task: str) -> gym.Env:
    """An environment alone, in chunks of its policy's length."""
    return ActionChunkWrapper(make_env(task), resolve_policy(task).n_action_steps)


def steered(task: str) -> gym.Env:
    """An environment with a policy of its own."""
    return LatentSteeringWrapper(make_env(task), task, **OPTIONS)


def bare(task: str, count: int) -> VecEnv:
    """N environments without a policy."""
    return SubprocVecEnv([partial(chunked, task)] * count, start_method="spawn")


def batched(task: str, count: int) -> VecEnv:
    """N environments with one policy."""
    return SteeringVecEnv(bare(task, count), task, **OPTIONS)


def separate(task: str, count: int) -> VecEnv:
    """N environments with a policy each."""
    return SubprocVecEnv([partial(steered, task)] * count, start_method="spawn")


WAYS: dict[str, Callable[[str, int], VecEnv]] = {
    "bare": bare,
    "batched": batched,
    "separate": separate,
}


def memory() -> float:
    """Measure the memory of this process and its workers [MiB], shared pages counted once."""
    total = 0
    for number in (os.getpid(), *(child.pid for child in active_children())):
        lines = Path(f"/proc/{number}/smaps_rollup").read_text().splitlines()
        total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def turn(way: str, task: str, count: int, seconds: float) -> tuple[float, float]:
    """Play for a while; decisions per second, and memory [MiB]."""
    with closing(WAYS[way](task, count)) as envs:
        envs.reset()
        rng = np.random.default_rng(0)
        shape = (count, *envs.action_space.shape)
        actions = (
            rng.uniform(envs.action_space.low, envs.action_space.high, shape).astype(np.float32)
            if way == "bare"
            else np.zeros(shape, np.float32)
        )
        for _ in range(3):
            envs.step(actions)
        decisions, began = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - began) < seconds or not decisions:
            envs.step(actions)
            decisions += count
        return decisions / elapsed, memory()


def measure(task: str, seconds: float, out: Path = RESULTS) -> None:
    """Measure all ways with all numbers of environments; earlier measurements are kept.

    Args:
        task: A name in `TASKS`.
        seconds: Length of a turn.
        out: Folder for the results.
    """
    found: dict[str, dict[str, list[tuple[float, float]]]] = {}
    where = machine()
    for count in COUNTS:
        found[str(count)] = {way: [] for way in WAYS}
        for _ in range(ROUNDS):
            for way in WAYS:
                found[str(count)][way].append(turn(way, task, count, seconds))
        content = {"task": task, "decisions_per_second_and_mib": found, "machine": where}
        keep(out / f"{TASKS[task].slug}.json", content)


def table(out: Path = RESULTS) -> str:
    """Draw up everything that was measured as Markdown, a table per task."""
    return "\n".join(_task_table(read_json(path)) for path in sorted(out.glob("*.json")))


def _task_table(content: dict[str, Any]) -> str:
    head = [f"{content['task']}, N", "bare [decisions/s]", "batched", "separate"]
    head += ["batched / bare", "batched / separate", "bare [MiB]", "batched", "separate"]
    rows = []
    for count, ways in content["decisions_per_second_and_mib"].items():
        rates, sizes = (
            {way: median(one[kind] for one in turns) for way, turns in ways.items()}
            for kind in (0, 1)
        )
        cells = [f"{rates[way]:,.0f}" for way in WAYS]
        cells += [f"{rates['batched'] / rates[way]:.2f}" for way in ("bare", "separate")]
        cells += [f"{sizes[way]:,.0f}" for way in WAYS]
        rows.append([count, *cells])
    return markdown.table(head, rows)


@dataclass(frozen=True)
class Run:
    """Measure one task with 1 to 16 environments and keep the rates."""

    task: Positional[Annotated[str, arg(metavar="[TASK]")]] = "Lift"
    """Task with a shipped policy."""
    seconds: Positional[Annotated[float, arg(metavar="[SECONDS]")]] = 4.0
    """Length of a turn."""
    out: Path = RESULTS
    """Folder for the results, with a file per task."""

    def __post_init__(self) -> None:
        task_name(self.task)
        check_seconds(self.seconds)

    def __call__(self) -> None:
        """Measure."""
        measure(task_name(self.task), self.seconds, self.out)


@dataclass(frozen=True)
class Summary:
    """Print and write table.md of the measurements."""

    out: Path = RESULTS
    """Folder of the results."""

    def __call__(self) -> None:
        """Make the table."""
        keep_table(self.out / TABLE, table(self.out))


COMMAND = CommandLine("vectorised", __doc__, (Run, Summary))

if __name__ == "__main__":
    COMMAND.main()
