"""Training runs of ``train_sb3.py``: started in order, raw data kept, finished ones left alone."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from benchmarks.tools.kept import RESULTS, finished, missing
from zprl_env.errors import ZprlError

FILES = ("config.json", "history.json", "results.json")
"""Files of a run that are kept, the one that makes it finished last; its curve is drawn from them
by ``python -m benchmarks.curves``.
"""
ROOT = Path(__file__).resolve().parents[2]


class Planned(NamedTuple):
    """A run to do.

    Attributes:
        kept: Where its raw data are kept.
        task: What ``--env`` is told.
        arguments: What else ``train_sb3.py`` is told.
    """

    kept: Path
    task: str
    arguments: str

    def __str__(self) -> str:
        return f"{self.task} {self.kept.name}"


def work_folder(kept: Path) -> Path:
    """Return the folder in which ``train_sb3.py`` leaves everything of a run, its agent too.

    Args:
        kept: Where the run's raw data are kept: below ``benchmarks/results``, for which the work is
            done in ``runs/benchmark``, or in a folder of the user's, where it is a subfolder.
    """
    place = kept.resolve()
    if place.is_relative_to(RESULTS):
        return ROOT / "runs" / "benchmark" / place.relative_to(RESULTS)
    return place / "run"


def train(run: Planned) -> None:
    """Do one run and keep its raw data.

    Raises:
        ZprlError: It did not end well.
    """
    work = work_folder(run.kept)
    shutil.rmtree(work, ignore_errors=True)
    out = work.relative_to(ROOT) if work.is_relative_to(ROOT) else work  # config.json tells it
    command = [sys.executable, "train_sb3.py", "--env", run.task, *shlex.split(run.arguments)]
    done = subprocess.run([*command, "--out", str(out), "--no-video"], cwd=ROOT, check=False)
    if done.returncode:
        raise ZprlError(f"The run {run} must end well. Got: exit code {done.returncode}.")
    run.kept.mkdir(parents=True, exist_ok=True)
    for file in FILES:
        shutil.copy(work / file, run.kept / file)


def train_missing(planned: Iterable[Planned], again: bool = False) -> None:
    """Do the runs that have not been done, in the order they come in.

    Args:
        planned: The runs.
        again: Do those anew that have been done.
    """
    for run in missing(planned, lambda one: finished(one.kept), again):
        train(run)
