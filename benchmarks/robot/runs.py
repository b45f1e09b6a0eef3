"""Runs of ``train_sb3.py`` on the four robot tasks, and where their raw data are kept."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from benchmarks.tools.kept import RESULTS as ALL_RESULTS
from benchmarks.tools.training import Planned
from zprl_env.errors import UnknownNameError

RESULTS = ALL_RESULTS / "real"
FIRST = "place-orange"
"""Task whose results stand in the folder itself; the others' are in a folder of their own."""


class RobotTask(NamedTuple):
    """A robot task of the benchmark.

    Attributes:
        env: What ``--env`` is told.
        steps: Environment steps that an agent learns from.
        settings: How a run evaluates meanwhile, and what else differs from the usual recipe.
    """

    env: str
    steps: int
    settings: str


SMALL = "--evaluate False --hidden 128 128"
"""Settings of runs that are short on two cores that others work on too."""
TASKS = {
    FIRST: RobotTask("Real", 108_000, "--eval-every 27000 --validation-episodes 30"),
    "flip-egg": RobotTask("Real-flip-egg", 12_000, SMALL),
    "open-box": RobotTask("Real-open-box", 36_000, SMALL),
    "insert-bills": RobotTask("Real-insert-bills", 36_000, SMALL),
}
"""Tasks by their presets' names. The last three learn for 20 to 30 minutes of the robot's
time."""
WAYS = {"latent-0": "", "latent-1": "--seed 1", "action-0": "--steer action"}
"""Ways to steer, with what ``train_sb3.py`` is told besides."""


def folder(task: str, out: Path = RESULTS) -> Path:
    """Return the folder of a task's results."""
    return out if task == FIRST else out / task


def runs() -> dict[str, tuple[str, str]]:
    """Return task and way of every run by name: the way alone for the first task.

    >>> [*runs()][:4]
    ['latent-0', 'latent-1', 'action-0', 'flip-egg/latent-0']
    """
    return {
        way if task == FIRST else f"{task}/{way}": (task, way) for task in TASKS for way in WAYS
    }


def planned(names: Iterable[str], out: Path = RESULTS) -> list[Planned]:
    """List runs, all of them if none is named: every task by a way before the next way.

    Raises:
        UnknownNameError: There is no such run.
    """
    known = runs()
    in_turns = sorted(known, key=lambda name: [*WAYS].index(known[name][1]))
    chosen = tuple(names) or tuple(in_turns)
    found = []
    for name in chosen:
        if name not in known:
            raise UnknownNameError("run", name, known)
        task, way = known[name]
        env, steps, settings = TASKS[task]
        words = f"--algo sac --total-env-steps {steps} {WAYS[way]} {settings}"
        found.append(Planned(out / name, env, " ".join(words.split())))
    return found
