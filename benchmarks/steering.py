"""Steering the shipped policies: every training run the README speaks of.

usage: python -m benchmarks.steering run TASK [NAME ...]   train; hours for all of a task's
       python -m benchmarks.steering summary [TASK ...]    tables and curves of what was trained

A run is one call of ``train_sb3.py``; its settings, its results episode by episode and its history
are kept in benchmarks/results/<task>/<run>/.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zprl_env import cli
from zprl_env.errors import UnknownNameError, ZprlError
from zprl_env.success_rates import wilson_interval
from zprl_env.tasks import TASKS
from zprl_env.training.run.history import WINDOW

RESULTS = Path(__file__).parent / "results"
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
        "flow-noise": f"{SAC} {SHORT} --noise-scale 1.0",
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
"""By task, the name of every run and what it adds to ``python train_sb3.py --env TASK``."""


Runs = dict[str, tuple[dict[str, Any], dict[str, Any]]]
"""Results and history of a task's runs, by name."""


def folder(task: str) -> Path:
    """Where a task's runs are kept."""
    if task not in RUNS:
        raise UnknownNameError("task", task, RUNS)
    return RESULTS / TASKS[task].slug


def train_into(kept: Path, task: str, arguments: str) -> None:
    """Do one run and keep its raw data in a folder."""
    root = Path(__file__).parents[1]
    work = Path("runs", "benchmark", kept.relative_to(RESULTS))
    shutil.rmtree(root / work, ignore_errors=True)
    command = [sys.executable, "train_sb3.py", "--env", task, *shlex.split(arguments)]
    done = subprocess.run([*command, "--out", str(work), "--no-video"], cwd=root, check=False)
    if done.returncode:
        raise ZprlError(f"The run {kept.name} must end well. Got: exit code {done.returncode}.")
    kept.mkdir(parents=True, exist_ok=True)
    for file in ("config.json", "results.json", "history.json", "curve.png"):
        shutil.copy(root / work / file, kept / file)


class Planned(NamedTuple):
    """A run to do: where it is kept, and what ``train_sb3.py`` is told behind ``--env TASK``."""

    seed: int
    task: str
    kept: Path
    arguments: str


def train_missing(planned: Iterable[Planned]) -> None:
    """Do the runs that have not been done, all of a seed before those of the next."""
    for run in sorted(planned, key=lambda one: one.seed):
        if not (run.kept / "results.json").exists():
            train_into(run.kept, run.task, f"{run.arguments} --seed {run.seed}")


def train(task: str, name: str) -> None:
    """Do one of ``RUNS``."""
    if name not in RUNS[task]:
        raise UnknownNameError("run", name, RUNS[task])
    train_into(folder(task) / name, task, RUNS[task][name])


def load(task: str) -> Runs:
    """Read results and history of the runs that have been done, in the order of ``RUNS``."""
    kept = folder(task)
    done = [name for name in RUNS[task] if (kept / name / "results.json").exists()]

    def read(name: str, file: str) -> dict[str, Any]:
        return json.loads((kept / name / file).read_text())

    return {name: (read(name, "results.json"), read(name, "history.json")) for name in done}


def table(task: str, runs: Runs) -> str:
    """Draw up a task's runs as a Markdown table.

    The base is the better of the base policy with and without the flow's noise; what was lowest
    while exploring is the success of the worst hundred training episodes in a row.
    """
    lines = [
        f"| run | `train_sb3.py --env {task}` + | base | steered | 95 % interval "
        "| paired difference | McNemar p | lowest while exploring | env steps | minutes |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, (result, history) in runs.items():
        *bases, steered = result["test"].values()
        base = max(item["success_rate"] for item in bases)
        low, high = steered["wilson_95"]
        difference = result["paired_difference"]
        explored = np.array(history["episode_successes"], float)
        lowest = np.convolve(explored, np.full(WINDOW, 1 / WINDOW), mode="valid").min()
        lines.append(
            f"| {name} | `{RUNS[task][name]}` | {base:.2f} | {steered['success_rate']:.2f} "
            f"| {low:.2f} - {high:.2f} | {difference['difference']:+.2f} "
            f"| {difference['p_value']:.1g} | {lowest:.2f} | {result['env_steps']:,} "
            f"| {result['seconds'] / 60:.0f} |"
        )
    return "\n".join(lines) + "\n"


def draw(runs: Runs, path: Path) -> None:
    """Draw validation success against environment steps, the seeds of SAC as one band."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 4.2), layout="constrained")
    axes = figure.subplots()
    groups = {
        "latent, SAC": ["sac-0", "sac-1", "sac-2"],
        "latent, PPO": ["ppo-0"],
        "noise (DSRL), SAC": ["noise-0"],
        "action residual, SAC": ["action-0"],
        "latent, published settings": ["paper-0"],
    }
    for label, names in groups.items():
        curves = [runs[name][1]["evaluations"] for name in names if name in runs]
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


def main(arguments: list[str]) -> None:
    """Run what was asked for."""
    match arguments:
        case ["run", task, *names]:
            folder(task)
            for name in names or RUNS[task]:
                train(task, name)
        case ["summary", *tasks]:
            for task in tasks or RUNS:
                runs = load(task)
                if runs:
                    (folder(task) / "table.md").write_text(table(task, runs))
                    draw(runs, folder(task) / "curves.png")
                    print(table(task, runs))
        case ["-h" | "--help"]:
            print(__doc__)
        case _:
            raise ZprlError(
                f"Expected 'run TASK [NAME ...]' or 'summary [TASK ...]'. Got: {arguments}. "
                "See --help."
            )


if __name__ == "__main__":
    cli.run(lambda: main(sys.argv[1:]))
