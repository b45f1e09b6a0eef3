"""Latency of a policy's decision by engine (numba, torch, ONNX Runtime) and batch size.

    python -m benchmarks.inference           measure every shipped policy; print the table
    python -m benchmarks.inference summary   the table of what was measured

A decision is to encode observations and to decode their latents. It is timed right after itself,
and in the pauses of the policy's own simulator, whose steps empty the caches. The engines take
turns, and medians are reported. Everything runs on one core.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, cycle, product, repeat
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from benchmarks.tables import markdown
from benchmarks.tools.command import CommandLine
from benchmarks.tools.episodes import decisions
from benchmarks.tools.kept import RESULTS, keep, keep_table, measured
from benchmarks.tools.machine import machine
from policies.engines import ENGINES
from policies.frozen import FrozenPolicy
from zprl_env import make_env
from zprl_env.errors import MissingExtraError, UnknownNameError, ZprlError
from zprl_env.files import make_writable
from zprl_env.loading.pretrained import shipped_policies
from zprl_env.tasks import TASKS

FILE, TABLE = "inference.json", "inference.md"
BATCHES = (1, 8, 32)
EPISODES = 3
WARM = 5
"""Decisions in a row of which the last is timed."""
COMPARED = 64
"""Observations for which the engines' outputs are compared."""


def shipped() -> dict[str, Path]:
    """Find the policies' folders by the tasks' names."""
    folders = shipped_policies()
    return {name: folders[task.slug] for name, task in TASKS.items() if task.slug in folders}


def start_seconds(engine: str, path: Path) -> float:
    """Measure how long a new process takes until its policy is loaded; Python's own start aside.

    Raises:
        MissingExtraError: The engine is not installed.
    """
    FrozenPolicy.load(path, engine)
    code = (
        "import sys, time; begun = time.perf_counter(); from policies import FrozenPolicy; "
        "FrozenPolicy.load(*sys.argv[1:]); print(time.perf_counter() - begun)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, path, engine], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def decide(policy: FrozenPolicy, observations: np.ndarray, noise: np.ndarray) -> float:
    """Time one decision for observations ``(B, O)`` and noise ``(B, H, A)`` [us]."""
    begun = time.perf_counter()
    policy.decode(policy.encode(observations).mean, noise)
    return 1e6 * (time.perf_counter() - begun)


def difference(policy: FrozenPolicy, other: FrozenPolicy, seen: np.ndarray) -> float:
    """Find the largest difference of two engines' outputs at any batch size.

    Args:
        policy: The policy with one engine.
        other: The same with the other.
        seen: Observations. Shape ``(N, O)``.
    """
    noise = np.random.default_rng(0).normal(size=(len(seen), policy.horizon, policy.action_dim))
    latents = other.encode(seen).mean
    largest = 0.0
    for size in BATCHES:
        for start in range(0, len(seen), size):
            rows = slice(start, start + size)
            ours, theirs = (
                (*engine.encode(seen[rows]), engine.decode(latents[rows], noise[rows]))
                for engine in (policy, other)
            )
            apart = (np.abs(one - two).max() for one, two in zip(ours, theirs, strict=True))
            largest = max(largest, *map(float, apart))
    return largest


def measure(env: str, path: Path, engines: list[str], repeats: int) -> dict[str, Any]:
    """Measure one policy with all engines.

    Args:
        env: Its task.
        path: Its folder.
        engines: Their names, with ``"torch"`` among them.
        repeats: Decisions to time of each kind.
    """
    policies = {engine: FrozenPolicy.load(path, engine) for engine in engines}
    torch_policy = policies["torch"]
    noise = np.zeros((max(BATCHES), torch_policy.horizon, torch_policy.action_dim), np.float32)
    kinds = list(product(engines, BATCHES))
    between: dict[tuple[str, int], list[float]] = {kind: [] for kind in kinds}
    row: dict[tuple[str, int], list[float]] = {kind: [] for kind in kinds}
    seen: list[np.ndarray] = []

    with closing(make_env(env)) as simulator:
        pauses: Iterator[np.ndarray] = chain.from_iterable(
            decisions(simulator, torch_policy, EPISODES) for _ in repeat(None)
        )
        for observation, (engine, size) in zip(pauses, cycle(kinds), strict=False):
            if len(between[kinds[-1]]) == repeats:
                break
            rows = np.repeat(observation[np.newaxis], size, axis=0)
            between[engine, size].append(decide(policies[engine], rows, noise[:size]))
            seen.append(observation)
    for _, (engine, size) in product(range(repeats), kinds):
        rows = np.repeat(seen[0][np.newaxis], size, axis=0)
        *_, last = (decide(policies[engine], rows, noise[:size]) for _ in range(WARM))
        row[engine, size].append(last)
    return {
        "policy_sha256": torch_policy.weights_hash,
        "engines": {
            engine: {
                "back_to_back_us": {size: median(row[engine, size]) for size in BATCHES},
                "between_steps_us": {size: median(between[engine, size]) for size in BATCHES},
                "largest_difference": difference(policy, torch_policy, np.array(seen[:COMPARED])),
            }
            for engine, policy in policies.items()
        },
    }


def table(out: Path = RESULTS) -> str:
    """Draw up the measurements as Markdown.

    Raises:
        ZprlError: Nothing was.
    """
    content = measured(out / FILE, "python -m benchmarks.inference run")
    rows, sizes = [], ""
    for name, result in content["policies"].items():
        for engine, values in result["engines"].items():
            times = (values["back_to_back_us"], values["between_steps_us"])
            cells = (" / ".join(f"{time:.0f}" for time in kind.values()) for kind in times)
            rows.append([name, engine, *cells, f"{values['largest_difference']:.0e}"])
            sizes = " / ".join(values["back_to_back_us"])
    head = ["policy", "engine", "back to back [us]", "between steps [us]", "largest difference"]
    starts = ", ".join(f"{name} {value:.1f} s" for name, value in content["start_seconds"].items())
    title = f"Microseconds per decision of {sizes} observations:\n\n"
    return f"{title}{markdown.table(head, rows)}\nA new process has its policy after: {starts}.\n"


@dataclass(frozen=True)
class Summary:
    """Print and write inference.md of the measurements."""

    out: Path = RESULTS
    """Folder of the results."""

    def __call__(self) -> None:
        """Make the table."""
        keep_table(self.out / TABLE, table(self.out))


@dataclass(frozen=True)
class Run:
    """Measure the cost of a decision of every shipped policy, with every engine installed."""

    envs: tuple[str, ...] = ()
    """Tasks with a shipped policy; all of them if none is given."""
    repeats: int = 50
    """Decisions to time of each kind."""
    out: Path = RESULTS
    """Folder for the results: inference.json and inference.md."""

    def __post_init__(self) -> None:
        known = shipped()
        for env in self.envs:
            if env not in known:
                raise UnknownNameError("task with a shipped policy", env, known)
        if self.repeats < 1:
            raise ZprlError(f"repeats must be at least 1. Got: {self.repeats}.")

    def __call__(self) -> None:
        """Measure."""
        make_writable(self.out)
        torch.set_num_threads(1)
        known = shipped()
        envs = self.envs or tuple(known)
        starts: dict[str, float] = {}
        for engine in ENGINES:
            try:
                starts[engine] = start_seconds(engine, known[envs[0]])
            except MissingExtraError as error:
                print(f"{engine} left out: {error}")
        found = {env: measure(env, known[env], list(starts), self.repeats) for env in envs}
        content = {
            "policies": found,
            "repeats": self.repeats,
            "start_seconds": starts,
            "machine": machine(),
        }
        keep(self.out / FILE, content)
        Summary(self.out)()


COMMAND = CommandLine("inference", __doc__, (Run, Summary), default="run")

if __name__ == "__main__":
    COMMAND.main()
