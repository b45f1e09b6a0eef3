"""What one policy for N environments costs, beside a policy in each of them and beside none.

usage: python -m benchmarks.vectorised run [TASK] [SECONDS]   minutes; Lift, 4 seconds a turn
       python -m benchmarks.vectorised summary                the table

  bare       ActionChunkWrapper in Stable-Baselines3's SubprocVecEnv, random chunks
  batched    the same in SteeringVecEnv: the policy lives in this process
  separate   LatentSteeringWrapper in each worker: N policies

Every turn starts its processes anew, since those of all would not fit into memory together.
Decisions are counted over all environments, resets included; the agent's actions are zero. Memory
is the proportional share (PSS) of the workers and of this process.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from multiprocessing import active_children
from pathlib import Path
from statistics import median
from typing import Any

import gymnasium as gym
import numpy as np
from stable_baselines3.common.vec_env import SubprocVecEnv, VecEnv

from benchmarks.machine import machine
from zprl_env import ActionChunkWrapper, LatentSteeringWrapper, SteeringVecEnv, cli, make_env
from zprl_env.errors import ZprlError
from zprl_env.files import read_json, write_json
from zprl_env.loading.resolve import resolve_policy
from zprl_env.tasks import TASKS, task_name

RESULTS = Path(__file__).parent / "results" / "vectorised"
COUNTS = (1, 2, 4, 8, 16)
ROUNDS = 1
OPTIONS: dict[str, Any] = {"scale": 2.0, "noise_scale": 0.0}


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
    """Memory of this process and its workers [MiB], what they share counted once."""
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
        while (elapsed := time.perf_counter() - began) < seconds:
            envs.step(actions)
            decisions += count
        return decisions / elapsed, memory()


def run(task: str, seconds: float) -> dict[str, Any]:
    """Measure all ways with all numbers of environments."""
    found: dict[str, dict[str, list[tuple[float, float]]]] = {}
    where = machine()
    for count in COUNTS:
        found[str(count)] = {way: [] for way in WAYS}
        for _ in range(ROUNDS):
            for way in WAYS:
                found[str(count)][way].append(turn(way, task, count, seconds))
        write_json(
            RESULTS / f"{TASKS[task].slug}.json",
            {"task": task, "decisions_per_second_and_mib": found, "machine": where},
        )
    return found


def table() -> str:
    """Draw up everything that was measured as Markdown."""
    lines = []
    for path in sorted(RESULTS.glob("*.json")):
        content = read_json(path)
        lines += [
            f"| {content['task']}, N | bare [decisions/s] | batched | separate | batched / bare "
            "| batched / separate | bare [MiB] | batched | separate |",
            "|---|---|---|---|---|---|---|---|---|",
        ]
        for count, ways in content["decisions_per_second_and_mib"].items():
            rates, sizes = (
                {way: median(one[kind] for one in turns) for way, turns in ways.items()}
                for kind in (0, 1)
            )
            cells = [f"{rates[way]:,.0f}" for way in WAYS]
            cells += [f"{rates['batched'] / rates[way]:.2f}" for way in ("bare", "separate")]
            cells += [f"{sizes[way]:,.0f}" for way in WAYS]
            lines.append(f"| {count} | {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    """Run what was asked for."""
    match arguments:
        case ["run", *rest] if len(rest) <= 2:
            RESULTS.mkdir(parents=True, exist_ok=True)
            run(task_name(rest[0] if rest else "Lift"), float(rest[1]) if rest[1:] else 4.0)
        case ["summary"]:
            (RESULTS / "table.md").write_text(table())
            print(table())
        case ["-h" | "--help"]:
            print(__doc__)
        case _:
            raise ZprlError(f"Expected 'run [TASK] [SECONDS]' or 'summary'. Got: {arguments}.")


if __name__ == "__main__":
    cli.run(lambda: main(sys.argv[1:]))
