"""Ideas for the learner on several tasks and seeds: a queue of training runs, and their table.

    python -m benchmarks.matrix run                              every variant; days on one core
    python -m benchmarks.matrix run Lift --variants default wide --seeds 10 11 12
    python -m benchmarks.matrix summary                          the table of what was trained
    python -m benchmarks.matrix run --study tasks                nine tasks, the latent and rivals
    python -m benchmarks.matrix run --study pixels               a task seen and by its states
    python -m benchmarks.matrix run --study mismatch             where a task differs from its demos
    python -m benchmarks.matrix run --study ablations            base policies made first, then runs

A cell is one call of ``train_sb3.py``. What is finished is left alone, and what was interrupted
goes on, so the same command continues a queue that was killed. Variants stand in
``benchmarks/matrix/variants.py``, tasks and seeds in ``studies.py`` beside it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from benchmarks.matrix import ablation, deployment
from benchmarks.matrix.ablation import CONTROL as ABLATED
from benchmarks.matrix.cell import RESULTS, Cell
from benchmarks.matrix.learning_curves import CURVES, draw
from benchmarks.matrix.process_queue import Queue
from benchmarks.matrix.standings import by_task, motion, over_tasks
from benchmarks.matrix.studies import find_study
from benchmarks.matrix.summary import ideas, outcomes, table
from benchmarks.matrix.variants import find_variant
from benchmarks.tools.command import CommandLine, Tasks
from benchmarks.tools.kept import TABLE, keep_table
from zprl_env.errors import ZprlError


@dataclass(frozen=True)
class Run:
    """Train the cells of a study that are missing, all of a seed before the next seed."""

    tasks: Tasks = ()
    """Tasks; all of the study's if none is given."""
    study: str = "ideas"
    """Study: tasks, budget and seeds."""
    variants: tuple[str, ...] = ()
    """Variants, in this order; the study's if none is given."""
    seeds: tuple[int, ...] = ()
    """Seeds of training; all of the study's if none is given."""
    processes: int = os.cpu_count() or 1
    """Trainings at a time, of one core each; as many as there are cores if it is left out."""
    out: Path = RESULTS
    """Folder for the results, with a folder per study."""

    def __post_init__(self) -> None:
        if self.processes < 1:
            raise ZprlError(f"processes must be at least 1. Got: {self.processes}.")
        self.cells()

    def cells(self) -> list[Cell]:
        """List the cells in their order: all of a seed before those of the next."""
        plan = find_study(self.study)
        return [
            Cell(self.study, task, variant, seed, self.out)
            for seed in self.seeds or plan.seeds
            for variant in self.variants or plan.variants
            for task in self.tasks or plan.tasks
            if find_variant(variant)
        ]

    def __call__(self) -> None:
        """Train what is missing."""
        Queue(self.processes, lambda line: print(line, flush=True)).work_off(self.cells())


@dataclass(frozen=True)
class Summary:
    """Print and write table.md of the cells that have been done, and draw their curves."""

    study: str = "ideas"
    """Study."""
    out: Path = RESULTS
    """Folder of the results."""

    def __call__(self) -> None:
        """Make the table."""
        kept = outcomes(self.study, self.out)
        plan, parts = find_study(self.study), [table(self.study, self.out)]
        if plan.tested:
            parts = [by_task(kept), over_tasks(kept)]
        if plan.motion:
            parts.append(motion(self.study, self.out))
        if plan.elsewhere:
            parts.insert(0, deployment.table(self.study, self.out))
        if ABLATED in plan.variants:
            parts.insert(0, ablation.table(self.study, self.out))
            ablation.draw(self.out / self.study / ablation.FIGURE, self.study, self.out)
        parts.append(ideas(self.study, self.out))
        keep_table(self.out / self.study / TABLE, "\n".join(parts))
        draw(self.out / self.study / CURVES, self.study, self.out)


COMMAND = CommandLine("matrix", __doc__, (Run, Summary))

if __name__ == "__main__":
    COMMAND.main()
