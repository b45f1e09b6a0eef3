"""Training runs of the steered policies: SAC, PPO, the baselines, and an ablation of settings.

    python -m benchmarks.steering run Lift           train what is missing; hours for all of a task
    python -m benchmarks.steering run Lift sac-0     one run
    python -m benchmarks.steering summary            tables and curves of what was trained

A run is one call of ``train_sb3.py``; its settings, its results episode by episode and its history
are kept in benchmarks/results/<task>/<run>/. Tables and curves are made of these alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.tables import markdown
from benchmarks.tools.command import CommandLine, Flag, Names, Task, Tasks
from benchmarks.tools.kept import RESULTS, TABLE, KeptRun, finished, keep_table
from benchmarks.tools.training import Planned, train_missing
from zprl_env.errors import UnknownNameError
from zprl_env.success_rates import wilson_interval
from zprl_env.tasks import TASKS
from zprl_env.training.run.history import WINDOW

FULL, HALF, SHORT = (f"--total-env-steps {n}" for n in (200_000, 100_000, 60_000))

SAC = "--algo sac"
SELDOM = "--eval-every 40000 --validation-episodes 30"

RUNS: dict[str, dict[str, str]] = {
    "Lift": {
        # What `make train` does, and with half of the environments simulating meanwhile.
        "make-train": "--algo sac",
        "make-train-1": "--algo sac --seed 1",
        "make-train-2": "--algo sac --seed 2",
        "overlap": "--algo sac --num-envs 2 --overlap",
        "overlap-1": "--algo sac --num-envs 2 --overlap --seed 1",
        "overlap-2": "--algo sac --num-envs 2 --overlap --seed 2",
        # The claim: three seeds of SAC, one of PPO.
        "sac-0": f"{SAC} {FULL} --seed 0",
        "sac-1": f"{SAC} {FULL} --seed 1",
        "sac-2": f"{SAC} {FULL} --seed 2",
        "ppo-0": f"--algo ppo {FULL}",
        # The rivals, on the same policy and seeds.
        "noise-0": f"{SAC} {HALF} --steer noise",
        "action-0": f"{SAC} {HALF} --steer action",
        "paper-0": f"{SAC} {SHORT} --preset paper",
        "joint-0": f"{SAC} {SHORT} --steer joint",
        # What matters: the default with one thing changed.
        "default": f"{SAC} {SHORT}",
        "scale-0.5": f"{SAC} {SHORT} --scale 0.5",
        "one-step": f"{SAC} {SHORT} --n-steps 1",
        "state": f"{SAC} {SHORT} --observation state",
        "flow-noise": f"{SAC} {SHORT} --noise fresh",
        "no-layer-norm": f"{SAC} {SHORT} --no-layer-norm",
        "chunk-4": f"{SAC} {SHORT} --n-action-steps 4",
        "scale-1": f"{SAC} {SHORT} --scale 1.0",
        "scale-auto": f"{SAC} {SHORT} --scale auto",
        "entropy-0": f"{SAC} {SHORT} --target-entropy 0",
        "gsde": f"{SAC} {SHORT} --use-sde",
        "penalty": f"{SAC} {SHORT} --reward penalty --reward-scale 0.01",
        # Other algorithms, with the settings of SAC and PPO carried over.
        "td3-0": f"--algo td3 {SHORT}",
        "tqc-0": f"--algo tqc {SHORT}",
        "crossq-0": f"--algo crossq {SHORT}",
        "trpo-0": f"--algo trpo {FULL}",
        "sbx-0": f"{SAC} {SHORT} --backend sbx",
    },
    "Can": {"sac-0": f"{SAC} {FULL} {SELDOM}"},
    "box-close": {"sac-0": f"{SAC} {HALF} {SELDOM}"},
    "door": {"sac-0": f"{SAC} {HALF} --scale 0.5 --eval-every 25000 --validation-episodes 30"},
    "hammer": {"sac-0": f"{SAC} {HALF} {SELDOM}"},
    "pen": {"sac-0": f"{SAC} {HALF} {SELDOM}"},
}
"""Runs by task and name, with their options for ``python train_sb3.py --env TASK``."""

CURVES = {
    "latent, SAC": ["sac-0", "sac-1", "sac-2"],
    "latent, PPO": ["ppo-0"],
    "noise (DSRL), SAC": ["noise-0"],
    "action residual, SAC": ["action-0"],
    "latent, published settings": ["paper-0"],
}
"""Runs that are pooled in a curve, by the curve's name in the picture."""

Runs = Mapping[str, KeptRun]
"""A task's finished runs, by name."""


def folder(task: str, out: Path = RESULTS) -> Path:
    """Return the folder of a task's runs.

    Raises:
        UnknownNameError: Nothing is trained on that task.
    """
    if task not in RUNS:
        raise UnknownNameError("task", task, RUNS)
    return out / TASKS[task].slug


def planned(task: str, names: Iterable[str], out: Path = RESULTS) -> list[Planned]:
    """List runs of a task, all of ``RUNS`` if none is named.

    Raises:
        UnknownNameError: There is no such task, or no such run.
    """
    kept, chosen = folder(task, out), tuple(names) or tuple(RUNS[task])
    for name in chosen:
        if name not in RUNS[task]:
            raise UnknownNameError("run", name, RUNS[task])
    return [Planned(kept / name, task, RUNS[task][name]) for name in chosen]


def load(task: str, out: Path = RESULTS) -> Runs:
    """Read the runs that have been done, in the order of ``RUNS``."""
    kept = folder(task, out)
    return {name: KeptRun(kept / name) for name in RUNS[task] if finished(kept / name)}


def table(task: str, runs: Runs) -> str:
    """Draw up a task's runs as a Markdown table.

    The base is the better of the base policy with and without the flow's noise; what was lowest
    while exploring is the success of the worst hundred training episodes in a row.
    """
    head = [
        "run",
        f"`train_sb3.py --env {task}` +",
        "base",
        "steered",
        "95 % interval",
        "paired difference",
        "McNemar p",
        "lowest while exploring",
        "env steps",
        "minutes",
    ]
    rows = []
    for name, run in runs.items():
        difference = run.results["paired_difference"]
        explored = np.array(run.history["episode_successes"], float)
        lowest = np.convolve(explored, np.full(WINDOW, 1 / WINDOW), mode="valid").min()
        cells = [
            name,
            f"`{RUNS[task][name]}`",
            f"{run.base:.2f}",
            f"{run.steered['success_rate']:.2f}",
            markdown.interval(run.steered["wilson_95"]),
            f"{difference['difference']:+.2f}",
            f"{difference['p_value']:.1g}",
            f"{lowest:.2f}",
            f"{run.results['env_steps']:,}",
            f"{run.minutes:.0f}",
        ]
        rows.append(cells)
    return markdown.table(head, rows)


def draw(runs: Runs, path: Path) -> None:
    """Draw validation success against environment steps, the seeds of SAC as one band."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 4.2), layout="constrained")
    axes = figure.subplots()
    for label, names in CURVES.items():
        curves = [runs[name].history["evaluations"] for name in names if name in runs]
        if not curves:
            continue
        length = min(map(len, curves))
        steps = np.mean([[at for at, _ in curve[:length]] for curve in curves], axis=0)
        wins = np.sum([[sum(r["successes"]) for _, r in c[:length]] for c in curves], axis=0)
        played = np.sum([[r["episodes"] for _, r in c[:length]] for c in curves], axis=0)
        ends = [wilson_interval(int(w), int(n)) for w, n in zip(wins, played, strict=True)]
        if len(curves) > 1:
            label += f" ({len(curves)} seeds)"
        (line,) = axes.plot(steps, wins / played, "o-", markersize=3, label=label)
        axes.fill_between(
            steps, *np.transpose(ends), color=line.get_color(), alpha=0.15, linewidth=0
        )
    axes.set(xlabel="environment steps", ylabel="success rate (validation)", ylim=(-0.02, 1.02))
    axes.set_xlim(left=0)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right", fontsize="small")
    figure.savefig(path, dpi=150)


@dataclass(frozen=True)
class Run:
    """Train a task's runs and keep their raw data."""

    task: Task
    """Task to train on."""
    names: Names = ()
    """Runs by name; all of the task's if none is given."""
    again: Flag = False
    """Do those anew that have been done."""
    out: Path = RESULTS
    """Folder for the results, with a folder per task."""

    def __post_init__(self) -> None:
        planned(self.task, self.names)

    def __call__(self) -> None:
        """Train the missing runs."""
        train_missing(planned(self.task, self.names, self.out), self.again)


@dataclass(frozen=True)
class Summary:
    """Print and write table.md, and draw curves.png, of the runs that have been done."""

    tasks: Tasks = ()
    """Tasks; all of them if none is given."""
    out: Path = RESULTS
    """Folder of the results, with a folder per task."""

    def __call__(self) -> None:
        """Make the table and the picture of every task."""
        for task in self.tasks or RUNS:
            if runs := load(task, self.out):
                keep_table(folder(task, self.out) / TABLE, table(task, runs))
                draw(runs, folder(task, self.out) / "curves.png")


COMMAND = CommandLine("steering", __doc__, (Run, Summary))

if __name__ == "__main__":
    COMMAND.main()
