"""Comparison of RL algorithms (SAC, TQC, CrossQ, TD3, PPO) at equal environment steps.

    python -m benchmarks.algorithms run             train; two hours for both tasks on a core
    python -m benchmarks.algorithms summary         the table of what was trained

A run is one call of ``train_sb3.py`` with an algorithm's default recipe; runs that are done already
are left alone. All of a seed come before the next seed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.tables import markdown
from benchmarks.tools.command import CommandLine, Flag, Tasks
from benchmarks.tools.kept import RESULTS as ALL_RESULTS
from benchmarks.tools.kept import TABLE, KeptRun, keep_table, seeds
from benchmarks.tools.training import Planned, train_missing
from zprl_env.errors import UnknownNameError
from zprl_env.tasks import TASKS

RESULTS = ALL_RESULTS / "algorithms"
BUDGETS = {"Lift": 60_000, "box-close": 40_000}
"""Environment steps by task."""

NAMES = ("sac", "tqc", "crossq", "td3", "ppo")
SEEDS = (0, 1)
GOAL = 0.9
"""Validation success whose first time is told."""


def kept(task: str, algo: str, seed: int, out: Path = RESULTS) -> Path:
    """Return the folder of a run's raw data.

    Raises:
        UnknownNameError: Algorithms are not compared on that task.
    """
    if task not in BUDGETS:
        raise UnknownNameError("task", task, BUDGETS)
    return out / TASKS[task].slug / f"{algo}-{seed}"


def planned(
    tasks: Sequence[str], wanted: Sequence[int] = SEEDS, out: Path = RESULTS
) -> Iterator[Planned]:
    """List the runs of some tasks, all of a seed before those of the next."""
    for seed in wanted:
        for task in tasks:
            for algo in NAMES:
                folder = kept(task, algo, seed, out)
                arguments = (
                    f"--algo {algo} --total-env-steps {BUDGETS[task]} "
                    f"--eval-every 10000 --validation-episodes 30 --seed {seed}"
                )
                yield Planned(folder, task, arguments)


def updates(run: KeptRun) -> float:
    """Gradient steps that a run took."""
    recipe, decisions = run.config["recipe"], run.results["decisions"]
    if run.config["algo"] == "ppo":
        batches = -(-recipe["rollout_decisions"] // recipe["batch_size"])
        return float(decisions // recipe["rollout_decisions"] * recipe["n_epochs"] * batches)
    return float((decisions - recipe["warmup_decisions"]) * recipe["updates_per_decision"])


def table(task: str, out: Path = RESULTS) -> str:
    """Draw up a task's runs as a Markdown table."""
    head = [
        f"{task}, {BUDGETS[task]:,} env steps",
        "seed",
        "base",
        "steered",
        "95 % interval",
        f"env steps to {GOAL} (validation)",
        "minutes",
        "updates/s",
    ]
    rows = []
    for algo in NAMES:
        for seed in seeds(out / TASKS[task].slug, algo):
            run = KeptRun(kept(task, algo, seed, out))
            validations = run.history["evaluations"]
            reached = [at for at, played in validations if played["success_rate"] >= GOAL]
            cells = [
                algo,
                str(seed),
                f"{run.base:.2f}",
                f"{run.steered['success_rate']:.2f}",
                markdown.interval(run.steered["wilson_95"]),
                f"{reached[0]:,}" if reached else "not",
                f"{run.minutes:.1f}",
                f"{updates(run) / run.results['seconds']:.0f}",
            ]
            rows.append(cells)
    return markdown.table(head, rows)


def tables(out: Path = RESULTS) -> str:
    """Draw up every task's."""
    return "\n".join(table(task, out) for task in BUDGETS)


@dataclass(frozen=True)
class Run:
    """Train every algorithm on some tasks and keep the raw data."""

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
class Summary:
    """Print and write table.md of the runs that have been done."""

    out: Path = RESULTS
    """Folder of the results."""

    def __call__(self) -> None:
        """Make the table."""
        keep_table(self.out / TABLE, tables(self.out))


COMMAND = CommandLine("algorithms", __doc__, (Run, Summary))

if __name__ == "__main__":
    COMMAND.main()
