"""Which algorithm steers best with the same number of environment steps.

usage: python -m benchmarks.algorithms run [TASK ...]   train; two hours for both tasks on a core
       python -m benchmarks.algorithms summary          the table of what was trained

A run is one call of ``train_sb3.py`` with an algorithm's default recipe; runs that are done already
are left alone. All of a seed come before the next seed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.steering import Planned, train_missing
from zprl_env import cli
from zprl_env.errors import UnknownNameError, ZprlError
from zprl_env.tasks import TASKS

RESULTS = Path(__file__).parent / "results" / "algorithms"
BUDGETS = {"Lift": 60_000, "box-close": 40_000}
"""Environment steps by task."""

NAMES = ("sac", "tqc", "crossq", "td3", "ppo")
SEEDS = (0, 1)
GOAL = 0.9
"""Validation success whose first time is told."""


def runs(task: str) -> Iterator[tuple[str, int, Path]]:
    """Algorithm, seed and folder of every run of a task."""
    if task not in BUDGETS:
        raise UnknownNameError("task", task, BUDGETS)
    for seed in SEEDS:
        for algo in NAMES:
            yield algo, seed, RESULTS / TASKS[task].slug / f"{algo}-{seed}"


def run(tasks: list[str]) -> None:
    """Do what has not been done yet."""
    common = "--eval-every 10000 --validation-episodes 30"
    train_missing(
        Planned(seed, task, kept, f"--algo {algo} --total-env-steps {BUDGETS[task]} {common}")
        for task in tasks
        for algo, seed, kept in runs(task)
    )


def updates(result: dict[str, Any], config: dict[str, Any]) -> float:
    """Gradient steps that a run took."""
    recipe, decisions = config["recipe"], result["decisions"]
    if config["algo"] == "ppo":
        batches = -(-recipe["rollout_decisions"] // recipe["batch_size"])
        return decisions // recipe["rollout_decisions"] * recipe["n_epochs"] * batches
    return (decisions - recipe["warmup_decisions"]) * recipe["updates_per_decision"]


def table(task: str) -> str:
    """Draw up a task's runs as a Markdown table."""
    lines = [
        f"| {task}, {BUDGETS[task]:,} env steps | seed | base | steered | 95 % interval "
        f"| env steps to {GOAL} (validation) | minutes | updates/s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for algo, seed, kept in sorted(runs(task), key=lambda one: NAMES.index(one[0])):
        if not (kept / "results.json").exists():
            continue
        result, history, config = (
            json.loads((kept / f"{name}.json").read_text())
            for name in ("results", "history", "config")
        )
        *bases, steered = result["test"].values()
        base = max(item["success_rate"] for item in bases)
        low, high = steered["wilson_95"]
        reached = [at for at, e in history["evaluations"] if e["success_rate"] >= GOAL]
        lines.append(
            f"| {algo} | {seed} | {base:.2f} | {steered['success_rate']:.2f} "
            f"| {low:.2f} - {high:.2f} | {f'{reached[0]:,}' if reached else 'not'} "
            f"| {result['seconds'] / 60:.1f} | {updates(result, config) / result['seconds']:.0f} |"
        )
    return "\n".join(lines) + "\n"


def tables() -> str:
    """Draw up both."""
    return "\n".join(table(task) for task in BUDGETS)


def main(arguments: list[str]) -> None:
    """Run what was asked for."""
    match arguments:
        case ["run", *tasks]:
            run(tasks or [*BUDGETS])
        case ["summary"]:
            text = tables()
            (RESULTS / "table.md").write_text(text)
            print(text)
        case ["-h" | "--help"]:
            print(__doc__)
        case _:
            raise ZprlError(
                f"Expected 'run [TASK ...]' or 'summary'. Got: {arguments}. See --help."
            )


if __name__ == "__main__":
    cli.run(lambda: main(sys.argv[1:]))
