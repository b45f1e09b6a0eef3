"""Steering of place-orange from pixels alone, with a scripted person, or with a judge of success.

    python -m benchmarks.people run            train every run that is missing
    python -m benchmarks.people run person-0   one of them; a quarter of an hour
    python -m benchmarks.people summary        the table

Everything steers the shipped policy `real-pixels` on the simulated arm, for 54,000 environment
steps: half an hour of the robot's time at 30 Hz. *nobody* leaves the arm to the agent. *person* is
the scripted expert at human-like skill, who takes the arm when it is stuck or about ten seconds
have passed, which nine of ten successes do not take; what it does enters the replay buffer where a
perturbation expresses it, and the agent looks on from a takeover as from a time limit. *hasty* is a
person who waits for six seconds, the default, as long as the median success takes; *failure* is the
same, but that a takeover is a failure. *judge* ends the training episodes by a classifier in place
of the scene's criterion, by which all are evaluated; it is trained before, on 100 episodes of the
base policy, in ten minutes. Times of successes are those of *nobody*'s training.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.tables import markdown
from benchmarks.tools.command import CommandLine, Names
from benchmarks.tools.kept import RESULTS as ALL_RESULTS
from benchmarks.tools.kept import TABLE, finished, keep_table
from benchmarks.tools.training import ROOT, Planned, train_missing, work_folder
from zprl_env.errors import UnknownNameError, ZprlError
from zprl_env.files import RESULTS_FILE, read_json

RESULTS = ALL_RESULTS / "real" / "people"
TASK, PRESET, POLICY = "Real-Pixels", "place-orange-pixels", "real-pixels"
SETTINGS = (
    "--algo sac --noise fixed:0 --total-env-steps 54000 "
    "--eval-every 9000 --validation-episodes 30 --eval-episodes 100"
)
PERSON = "--teleoperator expert --takeover prior"
SEEDS = (0, 1)
GOOD = "0.9"
"""Success whose robot minutes are told."""


def judge_folder(out: Path = RESULTS) -> Path:
    """Return the folder of the judge, as the runs' settings tell it."""
    folder = work_folder(out / "judge")
    return folder.relative_to(ROOT) if folder.is_relative_to(ROOT) else folder


def planned(names: Iterable[str] = (), out: Path = RESULTS) -> list[Planned]:
    """List runs, all of them if none is named: all ways of a seed before the next seed.

    >>> [run.kept.name for run in planned()][:5]
    ['nobody-0', 'person-0', 'judge-0', 'hasty-0', 'failure-0']

    Raises:
        UnknownNameError: There is no such run.
    """
    ways = {
        "nobody": "",
        "person": f" {PERSON} --teleoperator-kwargs patience=10",
        "judge": f" --judge {judge_folder(out)}",
        "hasty": f" {PERSON}",
        "failure": f" {PERSON} --no-takeover-bootstrap",
    }
    known = {
        f"{way}-{seed}": Planned(out / f"{way}-{seed}", TASK, f"{SETTINGS} --seed {seed}{besides}")
        for seed in SEEDS
        for way, besides in ways.items()
    }
    for name in names:
        if name not in known:
            raise UnknownNameError("run", name, known)
    return [known[name] for name in tuple(names) or known]


def train_judge(out: Path = RESULTS) -> None:
    """Record the base policy and train the judge on it, unless that has been done.

    Raises:
        ZprlError: A command did not end well.
    """
    folder = ROOT / judge_folder(out)
    if folder.exists():
        return
    work = folder.with_name("judge-work")
    shutil.rmtree(work, ignore_errors=True)  # a recording that was cut off would be added to
    work.mkdir(parents=True)
    seen = str(work / "seen.hdf5")
    played = f"--policy {POLICY} --task {PRESET} --dwell 1 --episodes 100 --out"
    looks = f"--look both --encoder {POLICY} --out"
    for words in (
        ["real.play", *played.split(), seen],
        ["real.judge", "train", seen, *looks.split(), str(folder)],
    ):
        done = subprocess.run([sys.executable, "-m", *words], cwd=ROOT, check=False)
        if done.returncode:
            raise ZprlError(f"{words[0]} must end well. Got: exit code {done.returncode}.")


@dataclass(frozen=True)
class Run:
    """Train agents and keep the raw data."""

    names: Names = ()
    """Runs by name; all of them if none is given."""
    out: Path = RESULTS
    """Folder for the results, with a folder per run."""

    def __post_init__(self) -> None:
        planned(self.names)

    def __call__(self) -> None:
        """Train the missing runs, and the judge if one of them needs it."""
        runs = planned(self.names, self.out)
        if any("--judge" in run.arguments and not finished(run.kept) for run in runs):
            train_judge(self.out)
        train_missing(runs)


@dataclass(frozen=True)
class Summary:
    """Print and write table.md of the runs that were made."""

    out: Path = RESULTS
    """Folder of the results."""

    def __call__(self) -> None:
        """Make the table.

        Raises:
            ZprlError: Nothing was trained.
        """
        runs = [run.kept for run in planned(out=self.out) if finished(run.kept)]
        if not runs:
            raise ZprlError(f"Expected runs in {self.out}. Got: none. Start with 'run'.")
        head = [
            *("run", "base policy", "fixed draw", "steered"),
            *(f"minutes (episodes) to {GOOD}, validation", "exploring", "by a person"),
        ]
        found = {run.name: read_json(run / RESULTS_FILE) for run in runs}
        keep_table(self.out / TABLE, markdown.table(head, map(_row, found, found.values())))


def _row(name: str, results: dict[str, Any]) -> list[str]:
    """Draw up a run."""
    reached = results["reached"][GOOD].values()
    return [
        name,
        *(markdown.rate(played["successes"]) for played in results["test"].values()),
        *(f"{one['robot_minutes']:.1f} ({one['episodes']})" if one else "not" for one in reached),
        f"{results['by_person'] / results['env_steps']:.0%}",
    ]


COMMAND = CommandLine("people", __doc__, (Run, Summary))

if __name__ == "__main__":
    COMMAND.main()
