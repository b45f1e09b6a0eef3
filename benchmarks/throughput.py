"""Environment steps per second, from MuJoCo's physics alone to SAC's training.

    python -m benchmarks.throughput run --seconds 55   a minute per task, and its preparations
    python -m benchmarks.throughput scaling            steered Lift in 1 to 8 workers
    python -m benchmarks.throughput summary            tables of what was measured

A task is played in these ways, which take turns so that the machine's noise hits all alike:

  physics      MuJoCo's own steps of an episode of random actions: the floor
  own          the environment as its package makes it, the same actions
  ours         make_env(task), the same actions
  replayed     ours, the actions of the base policy
  steered      ours, played by the base policy inside LatentSteeringWrapper, agent's actions zero
  sac-1        SAC learns to steer it, one update per decision
  sac          the same with the updates of the default recipe
  sac-slow     that in one environment made with fast=False
  sbx-1, sbx   SBX's SAC, in JAX, where it is installed
  ...-overlap  any of these but sac-slow, half of the environments simulating while SAC learns

Each way is played in one process and in as many at once as there are cores. Resets count while
SAC learns only. See benchmarks/tools/stock.py for what physics and own are to the letter.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from stable_baselines3.common.vec_env import VecEnv

from benchmarks.tables.throughput import scaling_table, table
from benchmarks.tools.command import CommandLine, Tasks, check_seconds, check_turns
from benchmarks.tools.kept import RESULTS as ALL_RESULTS
from benchmarks.tools.kept import TABLE, keep, keep_table
from benchmarks.tools.learning_speed import Learner
from benchmarks.tools.machine import machine
from benchmarks.tools.turns import (
    SIMULATED,
    STEERED,
    has_policy,
    memory,
    play,
    policy_times,
    reset_times,
    take_turns,
)
from zprl_env.base_policies.recipes import RECIPES
from zprl_env.errors import ZprlError
from zprl_env.files import read_json
from zprl_env.tasks import TASKS, task_name
from zprl_env.training.environment import make_training_envs
from zprl_env.training.settings.algorithms import BackendName
from zprl_env.training.settings.recipe import recipe_for

RESULTS = ALL_RESULTS / "throughput"
SCALING = "scaling.json"
WORKERS = (1, 2, 4, 8)
LEARNING_SECONDS = 2.0
"""Length of a turn of learning."""

FAST = ("robosuite", "metaworld")
"""Suites whose environments can be made with the package's own control step instead of ours."""

LIBRARIES: dict[BackendName, str] = {"torch": "sac", "sbx": "sbx"}
"""Libraries that SAC learns with, and the names of those ways."""


def together(pools: Sequence[ProcessPoolExecutor], task: str, way: str) -> float:
    """Play one turn in each of some processes at once; environment steps per second in all."""
    turns = [pool.submit(play, task, way) for pool in pools]
    return sum(turn.result() for turn in turns)


def learners(count: int) -> Iterator[tuple[BackendName, bool]]:
    """Library and overlap of whatever can learn with so many environments here."""
    for backend in LIBRARIES:
        if backend == "torch" or find_spec(backend):
            yield backend, False
            if count % 2 == 0:
                yield backend, True


def measure(task: str, seconds: float) -> dict[str, Any]:
    """Measure a task in all ways.

    Args:
        task: A name in `TASKS`.
        seconds: How long its ways take turns.

    Returns:
        Rates by the number of processes and the way, turn by turn, and what a process, a reset
        and a decision take.
    """
    where, counts = machine(), sorted({1, os.cpu_count() or 1})
    turns: dict[tuple[int, str], Callable[[], float]] = {}
    with ExitStack() as stack:
        pools = [
            stack.enter_context(ProcessPoolExecutor(1, get_context("spawn")))
            for _ in range(counts[-1])
        ]
        steered = has_policy(task)
        for count in counts:
            for way in SIMULATED + (STEERED if steered else ()):
                turns[count, way] = partial(together, pools[:count], task, way)
            for backend, overlap in learners(count) if steered else ():
                made = Learner(task, count, overlap=overlap, backend=backend)
                learner = stack.enter_context(closing(made))
                for ending, updates in ("-1", 1), ("", learner.recipe.updates_per_decision):
                    way = f"{LIBRARIES[backend]}{ending}{'-overlap' if overlap else ''}"
                    turns[count, way] = partial(learner.rate, updates, LEARNING_SECONDS)
        if steered and TASKS[task].suite in FAST:
            learner = stack.enter_context(closing(Learner(task, 1, fast=False)))
            updates = learner.recipe.updates_per_decision
            turns[1, "sac-slow"] = partial(learner.rate, updates, LEARNING_SECONDS)
        found = take_turns(turns, seconds)
        rates: dict[int, dict[str, list[float]]] = {count: {} for count in counts}
        for (count, way), values in found.items():
            rates[count][way] = values
        return {
            "task": task,
            "steps_per_second": rates,
            "reset_ms": pools[0].submit(reset_times, task).result(),
            "memory_mib": memory(task),
            "policy_us": pools[0].submit(policy_times, task).result() if steered else None,
            "machine": where,
        }


def step_all(envs: VecEnv, seconds: float) -> float:
    """Let base policies play for a while; environment steps per second, resets included."""
    zeros = np.zeros((envs.num_envs, *envs.action_space.shape), np.float32)
    steps, began = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - began) < seconds or not steps:
        steps += sum(info["env_steps"] for info in envs.step(zeros)[3])
    return steps / elapsed


def scale(task: str, seconds: float) -> dict[str, Any]:
    """Measure a steered task in a growing number of Stable-Baselines3's workers."""
    where, turns = machine(), {}
    with ExitStack() as stack:
        for count in WORKERS:
            recipe = recipe_for("sac", "default", "latent", task)
            envs = make_training_envs(task, task, "latent", recipe, num_envs=count, seed=0)
            stack.enter_context(closing(envs))
            envs.reset()
            turns[count] = partial(step_all, envs, LEARNING_SECONDS)
        return {"task": task, "steps_per_second": take_turns(turns, seconds), "machine": where}


def summary(out: Path = RESULTS) -> str:
    """Draw up the tables of the measurements.

    Raises:
        ZprlError: Nothing has been.
    """
    paths = [out / f"{row.slug}.json" for row in TASKS.values()]
    results = [read_json(path) for path in paths if path.exists()]
    if not results:
        raise ZprlError(f"Expected results in {out}. Got: none. Start with 'run'.")
    text = table(results)
    if (out / SCALING).exists():
        text += "\n" + scaling_table(read_json(out / SCALING))
    return text


@dataclass(frozen=True)
class Run:
    """Measure some tasks in every way and keep the rates, turn by turn."""

    tasks: Tasks = ()
    """Tasks; all with a recipe if none is given."""
    seconds: float = 120.0
    """Time for which the ways of a task take turns."""
    out: Path = RESULTS
    """Folder for the results, with a file per task."""

    def __post_init__(self) -> None:
        check_turns(self.tasks, self.seconds)

    def __call__(self) -> None:
        """Measure task by task."""
        for task in map(task_name, self.tasks or RECIPES):
            keep(self.out / f"{TASKS[task].slug}.json", measure(task, self.seconds))


@dataclass(frozen=True)
class Scaling:
    """Measure steered Lift in 1 to 8 workers of Stable-Baselines3."""

    seconds: float = 120.0
    """Time for which the numbers of workers take turns."""
    out: Path = RESULTS
    """Folder for the results."""

    def __post_init__(self) -> None:
        check_seconds(self.seconds)

    def __call__(self) -> None:
        """Measure."""
        keep(self.out / SCALING, scale("Lift", self.seconds))


@dataclass(frozen=True)
class Summary:
    """Print and write table.md of the measurements."""

    out: Path = RESULTS
    """Folder of the results."""

    def __call__(self) -> None:
        """Make the tables."""
        keep_table(self.out / TABLE, summary(self.out))


COMMAND = CommandLine("throughput", __doc__, (Run, Scaling, Summary))

if __name__ == "__main__":
    COMMAND.main()
