"""Ideas for the learner on several tasks and seeds: a queue of training runs, and their table.

    python -m benchmarks.matrix run                              every variant; days on one core
    python -m benchmarks.matrix run Lift --variants default wide --seeds 10 11 12
    python -m benchmarks.matrix summary                          the table of what was trained
    python -m benchmarks.matrix run --study tasks                nine tasks, the latent and rivals
    python -m benchmarks.matrix run --study pixels               a task seen and by its states
    python -m benchmarks.matrix run --study mismatch             where a task differs from its demos
    python -m benchmarks.matrix run --study ablations            base policies made first, then runs
    python -m benchmarks.matrix run --ray-address auto           on the machines of a Ray cluster

A cell is one call of ``train_sb3.py``. What is finished is left alone, and what was interrupted
goes on, so the same command continues a queue that was killed, or a cell whose machine was. On a
cluster all machines have this folder on a shared disk. Variants stand in
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
from zprl_env.options.ranges import COUNT, POSITIVE, check
from zprl_env.sweep.jobs import Jobs
from zprl_env.vectorised.cluster.connection import check_address


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
    processes: int | None = None
    """Trainings at a time, of one core each; as many as there are cores if it is left out."""
    ray_address: str | None = None
    """Ray cluster to run on, HOST:PORT or auto, with this checkout on a disk that all have; then
    --processes is how many run at a time in all, by default as many as there are cores there."""
    cores: float = 1.0
    """Cores of each on it."""
    out: Path = RESULTS
    """Folder for the results, with a folder per study."""

    def __post_init__(self) -> None:
        check(self, {"processes": COUNT, "cores": POSITIVE})
        if self.ray_address is not None:
            check_address(self.ray_address)
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

        def say(line: str) -> None:
            print(line, flush=True)

        if self.ray_address is None:
            Queue(self.processes or os.cpu_count() or 1, say).work_off(self.cells())
            return
        with Jobs(self.ray_address, self.cores) as jobs:
            Queue(self.processes or jobs.at_a_time, say, jobs).work_off(self.cells())


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
