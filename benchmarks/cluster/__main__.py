"""Environments on Ray: what they cost beside processes, and what a killed worker costs.

    python -m benchmarks.cluster efficiency --seconds 60   Lift and box-close, 1 to 8 environments
    python -m benchmarks.cluster kills                     20 SIGKILLs during a training of Lift
    python -m benchmarks.cluster costs --seconds 10        what a decision and an update cost
    python -m benchmarks.cluster asynchronous              SAC on Lift, workers that decide alone
    python -m benchmarks.cluster summary                   the tables, and what the costs predict

`efficiency` lets the base policy decide for N environments in one process, in N processes and on
Ray, in turns; it needs a machine with nothing else to do. `kills` starts two nodes of Ray's here,
trains on them, and kills workers and the second node at random moments; the same training without
kills stands beside it. `costs` measures times of a core, which hardly depend on what else runs, and
the rates of one worker and of two; `asynchronous` trains with and without `--collect async`, three
seeds each.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.cluster.asynchronous import ASYNC, RESULTS, Asynchronous, async_table
from benchmarks.cluster.costs import measure as measure_costs
from benchmarks.cluster.killing import LocalNodes, kill_during
from benchmarks.cluster.model import costs_table, prediction_table
from benchmarks.cluster.tables import efficiency_table, kills_table
from benchmarks.cluster.turns import measure
from benchmarks.tools.command import CommandLine, Tasks, check_turns
from benchmarks.tools.kept import TABLE, keep, keep_table
from benchmarks.tools.machine import machine
from zprl_env.errors import ZprlError
from zprl_env.files import RESULTS_FILE, RunFolderError, read_json
from zprl_env.tasks import TASKS, task_name
from zprl_env.training.run.base_results import BASE_FILE

EFFICIENCY, KILLS = "efficiency-{}.json", "kills.json"
COSTS = "costs-{}.json"
COUNTS = (1, 2, 4, 8)
WORKERS = 2
"""Workers of the trainings that are disturbed."""


@dataclass(frozen=True)
class Efficiency:
    """Measure decisions per second of some tasks in one process, in several and on Ray."""

    tasks: Tasks = ("Lift", "box-close")
    """Tasks with a shipped policy."""
    seconds: float = 60.0
    """Time for which the ways of a task and a number of environments take turns."""
    out: Path = RESULTS
    """Folder for the results."""

    def __post_init__(self) -> None:
        check_turns(self.tasks, self.seconds)

    def __call__(self) -> None:
        """Measure task by task."""

        def measured(task: str) -> dict[str, Any]:
            found = {count: measure(task, count, self.seconds) for count in COUNTS}
            return {"decisions_per_second_and_share": found}

        keep_each(self.tasks, self.out / EFFICIENCY, measured)


@dataclass(frozen=True)
class Kills:
    """Train once undisturbed and once while workers and a node are killed."""

    task: str = "Lift"
    """Task with a shipped policy."""
    kills: int = 20
    """Number of SIGKILLs."""
    of_nodes: int = 2
    """Number of these that are of the second node, with all that runs there."""
    total_env_steps: int = 40_000
    """Environment steps of each training."""
    eval_episodes: int = 100
    """Test episodes of each."""
    between: tuple[float, float] = (5.0, 15.0)
    """Shortest and longest time between two kills [s], from when all workers live again."""
    undisturbed: bool = True
    """Train without kills as well."""
    runs: Path = Path("runs/cluster")
    """Folder for the trainings."""
    out: Path = RESULTS
    """Folder for the results."""

    def __post_init__(self) -> None:
        task_name(self.task)
        if not 0 <= self.of_nodes <= self.kills:
            raise ZprlError(f"of_nodes must be from 0 to {self.kills}. Got: {self.of_nodes}.")

    def __call__(self) -> None:
        """Train, kill, and keep what became of it; a training that is kept is left alone."""
        file, where = self.out / KILLS, machine()
        runs: dict[str, Any] = read_json(file)["runs"] if file.exists() else {}
        for kills in (0, self.kills) if self.undisturbed else (self.kills,):
            if str(kills) in runs:
                continue
            nodes = LocalNodes()
            run = self.runs / f"{kills}-kills"
            try:
                done = kill_during(
                    self._command(run, nodes.address),
                    nodes,
                    workers=WORKERS,
                    kills=kills,
                    of_nodes=min(self.of_nodes, kills),
                    every=self.between,
                    log=self.runs / f"{kills}-kills.log",
                    begun=partial(has_begun, run),
                )
            finally:
                nodes.close()
            runs[str(kills)] = {"kills": done, "results": read_json(run / RESULTS_FILE)}
            keep(file, {"task": self.task, "runs": runs, "machine": where})

    def _command(self, run: Path, address: str) -> list[str]:
        self.runs.mkdir(parents=True, exist_ok=True)
        spread = ["--workers", str(WORKERS), "--num-envs", "4", "--ray-address", address]
        steps = ["--total-env-steps", str(self.total_env_steps), "--eval-episodes"]
        what = ["--env", self.task, "--algo", "sac", *spread, *steps, str(self.eval_episodes)]
        where = ["--no-video", "--out", str(run), "--overwrite"]
        return [sys.executable, "train_sb3.py", *what, *where]


@dataclass(frozen=True)
class Costs:
    """Measure what a decision costs a worker and the learner, for the cost model."""

    tasks: Tasks = ("Lift", "box-close")
    """Tasks with a shipped policy."""
    workers: tuple[int, ...] = (1, 2)
    """Numbers of workers that collect together."""
    seconds: float = 10.0
    """Time for each of a task's five parts."""
    out: Path = RESULTS
    """Folder for the results."""

    def __post_init__(self) -> None:
        check_turns(self.tasks, self.seconds)

    def __call__(self) -> None:
        """Measure task by task."""
        keep_each(
            self.tasks,
            self.out / COSTS,
            lambda task: measure_costs(task, self.workers, self.seconds),
        )


def keep_each(tasks: Iterable[str], file: Path, measured: Callable[[str], dict[str, Any]]) -> None:
    """Keep what is measured of each task, and on what machine, in a file of its own.

    Args:
        tasks: By any of their names.
        file: Where, with a place for the task's in its name.
        measured: Measures a task.
    """
    for task in map(task_name, tasks):
        where = machine()
        content = {"task": task, **measured(task), "machine": where}
        keep(file.with_name(file.name.format(TASKS[task].slug)), content)


def has_begun(run: Path) -> bool:
    """Tell whether a training has played its base policy, during which nothing is collected."""
    try:
        return len(read_json(run / BASE_FILE)["results"]) >= 3
    except (KeyError, RunFolderError):
        return False


@dataclass(frozen=True)
class Summary:
    """Print and write table.md of the measurements."""

    out: Path = RESULTS
    """Folder of the results."""

    def __call__(self) -> None:
        """Make the tables.

        Raises:
            ZprlError: Nothing was measured.
        """
        parts = [
            efficiency_table(read_json(path)) for path in sorted(self.out.glob("efficiency-*.json"))
        ]
        if (self.out / KILLS).exists():
            parts.append(kills_table(read_json(self.out / KILLS)))
        if list(self.out.glob(f"{ASYNC}/*/{RESULTS_FILE}")):
            parts.append(async_table(self.out))
        if costs := [read_json(path) for path in sorted(self.out.glob(COSTS.format("*")))]:
            parts += [costs_table(costs), *map(prediction_table, costs)]
        if not parts:
            raise ZprlError(f"Expected results in {self.out}. Got: none. Start with 'efficiency'.")
        keep_table(self.out / TABLE, "\n".join(parts))


COMMAND = CommandLine("cluster", __doc__, (Efficiency, Kills, Costs, Asynchronous, Summary))

if __name__ == "__main__":
    COMMAND.main()
