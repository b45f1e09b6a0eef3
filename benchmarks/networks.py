"""Which size of network steers best in the same time: SAC with its default recipe but for that.

usage: python -m benchmarks.networks run [TASK ...]   train; an hour and a half on a core for all
       python -m benchmarks.networks speed [TASK ...] how fast each learns; a minute per task
       python -m benchmarks.networks summary          the table of both

One task of each suite. A run is one call of ``train_sb3.py``; runs that are done already are left
alone, and all of a seed come before the next seed. Speeds are measured apart, by turns in one
process, because runs that last for minutes do not find the machine equally busy.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from benchmarks.learning_speed import Learner
from benchmarks.machine import machine
from benchmarks.steering import Planned, train_missing
from benchmarks.turns import take_turns
from zprl_env import cli
from zprl_env.errors import UnknownNameError, ZprlError
from zprl_env.files import read_json, write_json
from zprl_env.tasks import TASKS
from zprl_env.training.settings.recipe import recipe_for

RESULTS = Path(__file__).parent / "results" / "networks"
BUDGETS = {"Lift": 50_000, "box-close": 40_000, "hammer": 40_000}
"""Environment steps by task."""

WIDTHS = (64, 128, 256)
"""Of two layers, in actor and critics."""
SEEDS = (0, 1)
TURN, SECONDS = 2.0, 30.0
"""How long one width learns until it is another's turn, and all of them together."""


class Run(NamedTuple):
    """What a finished run has come to.

    Attributes:
        width: Of the networks.
        seed: Of training.
        test: The last policy's held-out episodes, behind the base policy's.
        evaluations: Environment steps and success of every validation.
        rate: Environment steps per second while learning.
    """

    width: int
    seed: int
    test: list[dict[str, Any]]
    evaluations: list[tuple[int, dict[str, Any]]]
    rate: float

    @property
    def minutes(self) -> float:
        """How long its environment steps take; validation apart."""
        return self.evaluations[-1][0] / self.rate / 60

    def success_within(self, minutes: float) -> float:
        """Mean validation success over the first minutes; it grows linearly in between."""
        at = [steps / self.rate / 60 for steps, _ in self.evaluations]
        rates = [evaluation["success_rate"] for _, evaluation in self.evaluations]
        return float(np.interp(np.linspace(0.0, minutes, 1001), at, rates).mean())


def runs(task: str) -> Iterator[tuple[int, int, Path]]:
    """Width, seed and folder of every run of a task."""
    if task not in BUDGETS:
        raise UnknownNameError("task", task, BUDGETS)
    for seed in SEEDS:
        for width in WIDTHS:
            yield width, seed, RESULTS / TASKS[task].slug / f"{width}-{seed}"


def speed_file(task: str) -> Path:
    """Where a task's speeds are kept."""
    return RESULTS / TASKS[task].slug / "speed.json"


def run(tasks: list[str]) -> None:
    """Do what has not been done yet."""
    common = "--algo sac --eval-every 5000 --validation-episodes 30"
    train_missing(
        Planned(
            seed, task, kept, f"{common} --hidden {width} {width} --total-env-steps {BUDGETS[task]}"
        )
        for task in tasks
        for width, seed, kept in runs(task)
    )


def measure(task: str) -> dict[int, list[float]]:
    """Environment steps per second with networks of each width, turn by turn."""
    recipe = recipe_for("sac", "default", "latent", task)
    with ExitStack() as stack:
        turns = {}
        for width in WIDTHS:
            made = Learner(task, 1, recipe=replace(recipe, hidden=(width, width)))
            learner = stack.enter_context(closing(made))
            turns[width] = partial(learner.rate, recipe.updates_per_decision, TURN)
        return take_turns(turns, SECONDS)


def load(task: str) -> list[Run]:
    """Read a task's finished runs, the narrowest first."""
    found = []
    rates = read_json(speed_file(task))["steps_per_second"]
    for width, seed, kept in sorted(runs(task)):
        if (kept / "results.json").exists():
            result, history = (read_json(kept / f"{name}.json") for name in ("results", "history"))
            rate = median(rates[str(width)])
            test = list(result["test"].values())
            found.append(Run(width, seed, test, history["evaluations"], rate))
    return found


def table(task: str) -> str:
    """Draw up a task's runs as a Markdown table."""
    if not speed_file(task).exists() or not (found := load(task)):
        return ""
    quickest = min(run.minutes for run in found)
    lines = [
        f"| {task}, {BUDGETS[task]:,} env steps | seed | base | steered | 95 % interval | steps/s "
        f"| minutes | mean validation success of the first {quickest:.1f} minutes |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for run in found:
        *bases, steered = run.test
        base = max(item["success_rate"] for item in bases)
        low, high = steered["wilson_95"]
        lines.append(
            f"| 2 x {run.width} | {run.seed} | {base:.2f} | {steered['success_rate']:.2f} "
            f"| {low:.2f} - {high:.2f} | {run.rate:.0f} | {run.minutes:.1f} "
            f"| {run.success_within(quickest):.2f} |"
        )
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> None:
    """Run what was asked for."""
    match arguments:
        case ["run", *tasks]:
            run(tasks or [*BUDGETS])
        case ["speed", *tasks]:
            for task in tasks or BUDGETS:
                content = {"machine": machine(), "steps_per_second": measure(task)}
                speed_file(task).parent.mkdir(parents=True, exist_ok=True)
                write_json(speed_file(task), content)
        case ["summary"]:
            text = "\n".join(filter(None, map(table, BUDGETS)))
            (RESULTS / "table.md").write_text(text)
            print(text)
        case ["-h" | "--help"]:
            print(__doc__)
        case _:
            raise ZprlError(
                f"Expected 'run [TASK ...]', 'speed [TASK ...]' or 'summary'. Got: {arguments}. "
                "See --help."
            )


if __name__ == "__main__":
    cli.run(lambda: main(sys.argv[1:]))
