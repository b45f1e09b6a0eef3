"""Which size of network steers best in the same time: SAC with its default recipe but for that.

usage: python -m benchmarks.networks run [TASK ...]   train; an hour and a half on a core for all
       python -m benchmarks.networks summary          the table of what was trained

One task of each suite. A run is one call of ``train_sb3.py``; runs that are done already are left
alone, and all of a seed come before the next seed. The time of an evaluation is its share of the
run's, and a task's runs are compared over the minutes that the quickest of them took.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.steering import train_into
from zprl_env import cli
from zprl_env.errors import UnknownNameError, ZprlError
from zprl_env.tasks import TASKS

RESULTS = Path(__file__).parent / "results" / "networks"
BUDGETS = {"Lift": 50_000, "box-close": 40_000, "hammer": 40_000}
"""Environment steps by task."""

WIDTHS = (64, 128, 256)
"""Of two layers, in actor and critics."""
SEEDS = (0, 1)


class Run(NamedTuple):
    """What a finished run has come to."""

    width: int
    seed: int
    result: dict[str, Any]
    evaluations: list[tuple[int, dict[str, Any]]]

    @property
    def minutes(self) -> float:
        """How long it took."""
        return float(self.result["seconds"]) / 60

    def success_within(self, minutes: float) -> float:
        """Mean validation success over the first minutes; it grows linearly in between."""
        at = [steps / self.result["env_steps"] * self.minutes for steps, _ in self.evaluations]
        rates = [evaluation["success_rate"] for _, evaluation in self.evaluations]
        grid = np.linspace(0.0, minutes, 1001)
        return float(np.interp(grid, at, rates).mean())


def runs(task: str) -> Iterator[tuple[int, int, Path]]:
    """Width, seed and folder of every run of a task."""
    if task not in BUDGETS:
        raise UnknownNameError("task", task, BUDGETS)
    for seed in SEEDS:
        for width in WIDTHS:
            yield width, seed, RESULTS / TASKS[task].slug / f"{width}-{seed}"


def run(tasks: list[str]) -> None:
    """Do what has not been done yet."""
    todo = [(seed, task, width, kept) for task in tasks for width, seed, kept in runs(task)]
    for seed, task, width, kept in sorted(todo, key=lambda one: one[0]):
        if (kept / "results.json").exists():
            continue
        arguments = f"--algo sac --hidden {width} {width} --seed {seed}"
        arguments += f" --total-env-steps {BUDGETS[task]} --eval-every 5000"
        train_into(kept, task, f"{arguments} --validation-episodes 30")


def load(task: str) -> list[Run]:
    """Read a task's finished runs, the narrowest first."""
    found = []
    for width, seed, kept in sorted(runs(task)):
        if (kept / "results.json").exists():
            result, history = (
                json.loads((kept / f"{name}.json").read_text()) for name in ("results", "history")
            )
            found.append(Run(width, seed, result, history["evaluations"]))
    return found


def table(task: str) -> str:
    """Draw up a task's runs as a Markdown table."""
    found = load(task)
    if not found:
        return ""
    quickest = min(run.minutes for run in found)
    lines = [
        f"| {task}, {BUDGETS[task]:,} env steps | seed | base | steered | 95 % interval "
        f"| minutes | mean success of the first {quickest:.1f} minutes (validation) |",
        "|---|---|---|---|---|---|---|",
    ]
    for run in found:
        *bases, steered = run.result["test"].values()
        base = max(item["success_rate"] for item in bases)
        low, high = steered["wilson_95"]
        lines.append(
            f"| 2 x {run.width} | {run.seed} | {base:.2f} | {steered['success_rate']:.2f} "
            f"| {low:.2f} - {high:.2f} | {run.minutes:.1f} | {run.success_within(quickest):.2f} |"
        )
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> None:
    """Run what was asked for."""
    match arguments:
        case ["run", *tasks]:
            run(tasks or [*BUDGETS])
        case ["summary"]:
            text = "\n".join(filter(None, map(table, BUDGETS)))
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
