"""Asynchronous collection beside synchronous: the same training, whoever decides."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.tables import markdown
from benchmarks.tools.kept import RESULTS as ALL_RESULTS
from benchmarks.tools.training import Planned, train_missing
from zprl_env.files import RESULTS_FILE, read_json
from zprl_env.tasks import task_name

RESULTS = ALL_RESULTS / "cluster"
ASYNC = "asynchronous"
"""Folder of these trainings' raw data."""
GOOD = 0.9
"""Success on the validation seeds whose environment steps are told."""


@dataclass(frozen=True)
class Asynchronous:
    """Train with workers that decide by themselves, and with those that are stepped."""

    task: str = "Lift"
    """Task with a shipped policy."""
    seeds: tuple[int, ...] = (0, 1, 2)
    """Seeds of training."""
    total_env_steps: int = 50_000
    """Environment steps of each training."""
    eval_every: int = 10_000
    """Environment steps between two evaluations on the validation seeds."""
    num_envs: int = 2
    """Environments, each with a worker."""
    out: Path = RESULTS
    """Folder for the results."""

    def __post_init__(self) -> None:
        task_name(self.task)

    def planned(self) -> list[Planned]:
        """List the trainings, all ways of a seed before the next seed."""
        size = f"--num-envs {self.num_envs}"
        ways = {"sync": size, "async": f"{size} --workers {self.num_envs} --collect async"}
        return [
            Planned(
                self.out / ASYNC / f"{way}-{seed}",
                self.task,
                f"--algo sac {said} --seed {seed} --total-env-steps {self.total_env_steps} "
                f"--eval-every {self.eval_every}",
            )
            for seed in self.seeds
            for way, said in ways.items()
        ]

    def __call__(self) -> None:
        """Train what is missing, one after the other."""
        train_missing(self.planned())


def async_table(out: Path) -> str:
    """Draw up what deciding alone costs and wins as Markdown."""
    head = [
        "decides",
        "success by seed",
        "minutes",
        f"env steps to {GOOD} on validation",
        "mean age",
    ]
    lines = []
    for way in ("sync", "async"):
        runs = sorted(path.parent for path in out.glob(f"{ASYNC}/{way}-*/{RESULTS_FILE}"))
        results = [read_json(run / RESULTS_FILE) for run in runs]
        rates = [[*result["test"].values()][-1]["success_rate"] for result in results]
        ages = [result["ages"]["mean"] for result in results if "ages" in result]
        reached = [result["reached"][str(GOOD)]["validation"] for result in results]
        lines.append(
            [
                way,
                ", ".join(f"{rate:.2f}" for rate in rates),
                ", ".join(f"{result['seconds'] / 60:.1f}" for result in results),
                ", ".join(f"{one['env_steps']:,}" if one else "-" for one in reached),
                ", ".join(f"{age:.0f}" for age in ages),
            ]
        )
    return markdown.table(head, lines)
