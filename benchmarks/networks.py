"""Comparison of network sizes: success of SAC with layers of 64, 128 and 256 in the same time.

    python -m benchmarks.networks run       train; an hour and a half on a core for all
    python -m benchmarks.networks speed     how fast each size learns; a minute per task
    python -m benchmarks.networks summary   the table of both

One task of each suite, SAC's default recipe but for the size. A run is one call of
``train_sb3.py``; runs that are done already are left alone, and all of a seed come before the next
seed. Speeds are measured apart, by turns in one process, because runs that last for minutes do not
find the machine equally busy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from benchmarks.tables import markdown
from benchmarks.tools.command import CommandLine, Flag, Tasks, check_seconds
from benchmarks.tools.kept import RESULTS as ALL_RESULTS
from benchmarks.tools.kept import TABLE, KeptRun, keep, keep_table, seeds
from benchmarks.tools.learning_speed import Learner
from benchmarks.tools.machine import machine
from benchmarks.tools.training import Planned, train_missing
from benchmarks.tools.turns import take_turns
from zprl_env.errors import UnknownNameError
from zprl_env.files import read_json
from zprl_env.tasks import TASKS
from zprl_env.training.settings.recipe import recipe_for

RESULTS = ALL_RESULTS / "networks"
BUDGETS = {"Lift": 50_000, "box-close": 40_000, "hammer": 40_000}
"""Environment steps by task."""

WIDTHS = (64, 128, 256)
"""Of two layers, in actor and critics."""
SEEDS = (0, 1)
TURN, SECONDS = 2.0, 30.0
"""Time that one width learns until it is another's turn, and that of all of them together."""


class Learned(NamedTuple):
    """A finished run, and how fast its networks learn.

    Attributes:
        width: Of the networks.
        seed: Of training.
        kept: Its raw data.
        rate: Environment steps per second while learning.
    """

    width: int
    seed: int
    kept: KeptRun
    rate: float

    @property
    def minutes(self) -> float:
        """Minutes that its environment steps take; validation apart."""
        return float(self.kept.history["evaluations"][-1][0]) / self.rate / 60

    def success_within(self, minutes: float) -> float:
        """Mean validation success over the first minutes; it grows linearly in between."""
        evaluations = self.kept.history["evaluations"]
        at = [steps / self.rate / 60 for steps, _ in evaluations]
        rates = [evaluation["success_rate"] for _, evaluation in evaluations]
        return float(np.interp(np.linspace(0.0, minutes, 1001), at, rates).mean())


def folder(task: str, out: Path = RESULTS) -> Path:
    """Return the folder of a task's runs and speeds.

    Raises:
        UnknownNameError: Networks are not compared on that task.
    """
    if task not in BUDGETS:
        raise UnknownNameError("task", task, BUDGETS)
    return out / TASKS[task].slug


def speed_file(task: str, out: Path = RESULTS) -> Path:
    """Return the file of a task's speeds."""
    return folder(task, out) / "speed.json"


def planned(
    tasks: Sequence[str], wanted: Sequence[int] = SEEDS, out: Path = RESULTS
) -> Iterator[Planned]:
    """List the runs of some tasks, all of a seed before those of the next."""
    for seed in wanted:
        for task in tasks:
            for width in WIDTHS:
                kept = folder(task, out) / f"{width}-{seed}"
                arguments = (
                    f"--algo sac --eval-every 5000 --validation-episodes 30 --hidden {width} "
                    f"{width} --total-env-steps {BUDGETS[task]} --seed {seed}"
                )
                yield Planned(kept, task, arguments)


def measure(task: str, seconds: float = SECONDS) -> dict[int, list[float]]:
    """Environment steps per second with networks of each width, turn by turn."""
    recipe = recipe_for("sac", "default", "latent", task)
    with ExitStack() as stack:
        turns = {}
        for width in WIDTHS:
            made = Learner(task, 1, recipe=replace(recipe, hidden=(width, width)))
            learner = stack.enter_context(closing(made))
            turns[width] = partial(learner.rate, recipe.updates_per_decision, TURN)
        return take_turns(turns, seconds)


def load(task: str, out: Path = RESULTS) -> list[Learned]:
    """Read a task's finished runs, the narrowest first."""
    rates = read_json(speed_file(task, out))["steps_per_second"]
    kept = folder(task, out)
    return [
        Learned(width, seed, KeptRun(kept / f"{width}-{seed}"), median(rates[str(width)]))
        for width in WIDTHS
        for seed in seeds(kept, str(width))
    ]


def table(task: str, out: Path = RESULTS) -> str:
    """Draw up a task's runs as a Markdown table; empty if there are none, or no speeds."""
    if not speed_file(task, out).exists() or not (found := load(task, out)):
        return ""
    quickest = min(run.minutes for run in found)
    head = [
        f"{task}, {BUDGETS[task]:,} env steps",
        "seed",
        "base",
        "steered",
        "95 % interval",
        "steps/s",
        "minutes",
        f"mean validation success of the first {quickest:.1f} minutes",
    ]
    rows = [
        [
            f"2 x {run.width}",
            str(run.seed),
            f"{run.kept.base:.2f}",
            f"{run.kept.steered['success_rate']:.2f}",
            markdown.interval(run.kept.steered["wilson_95"]),
            f"{run.rate:.0f}",
            f"{run.minutes:.1f}",
            f"{run.success_within(quickest):.2f}",
        ]
        for run in found
    ]
    return markdown.table(head, rows)


def tables(out: Path = RESULTS) -> str:
    """Draw up every task's."""
    return "\n".join(filter(None, (table(task, out) for task in BUDGETS)))


@dataclass(frozen=True)
class Run:
    """Train with every size of network on some tasks and keep the raw data."""

    tasks: Tasks = ()
    """Tasks; all of them if none is given."""
    seeds: tuple[int, ...] = SEEDS
    """Seeds of training."""
    again: Flag = False
    """Do those anew that have been done."""
    out: Path = RESULTS
    """Folder for the results, with a folder per task."""

    def __post_init__(self) -> None:
        list(planned(self.tasks))

    def __call__(self) -> None:
        """Train the missing runs."""
        tasks = self.tasks or tuple(BUDGETS)
        train_missing(list(planned(tasks, self.seeds, self.out)), self.again)


@dataclass(frozen=True)
class Speed:
    """Measure how fast SAC learns with every size of network."""

    tasks: Tasks = ()
    """Tasks; all of them if none is given."""
    seconds: float = SECONDS
    """Time for which the sizes take turns on each task."""
    out: Path = RESULTS
    """Folder for the results, with a folder per task."""

    def __post_init__(self) -> None:
        check_seconds(self.seconds)
        list(planned(self.tasks))

    def __call__(self) -> None:
        """Measure task by task."""
        for task in self.tasks or BUDGETS:
            content = {"machine": machine(), "steps_per_second": measure(task, self.seconds)}
            keep(speed_file(task, self.out), content)


@dataclass(frozen=True)
class Summary:
    """Print and write table.md of the runs and speeds that there are."""

    out: Path = RESULTS
    """Folder of the results."""

    def __call__(self) -> None:
        """Make the tables."""
        keep_table(self.out / TABLE, tables(self.out))


COMMAND = CommandLine("networks", __doc__, (Run, Speed, Summary))

if __name__ == "__main__":
    COMMAND.main()
