"""Four tasks on the simulated robot, steered or not: success, smoothness, safety interventions.

    python -m benchmarks.robot train                     train every run that is missing
    python -m benchmarks.robot train flip-egg/latent-0   one of them; about 20 minutes each
    python -m benchmarks.robot play flip-egg             play base policy, exploring, and agents
    python -m benchmarks.robot summary                   the table

Everything plays the same held-out episodes of a task on its simulated arms. *exploring* draws the
agent's actions at random, at the size its training explores with: a perturbation of the latent, or
a residual on the actions. Velocity, acceleration and jerk are root mean squares of finite
differences of the measured positions of the end effectors at the control period.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.robot.playing import play_missing
from benchmarks.robot.runs import RESULTS, TASKS, planned
from benchmarks.robot.table import table
from benchmarks.tools.command import CommandLine, Flag, Names, Tasks
from benchmarks.tools.kept import TABLE, keep_table
from benchmarks.tools.training import train_missing
from zprl_env.errors import UnknownNameError


@dataclass(frozen=True)
class Train:
    """Train agents on the simulated robot and keep the raw data."""

    names: Names = ()
    """Runs by name; all of them if none is given."""
    again: Flag = False
    """Do those anew that have been done."""
    out: Path = RESULTS
    """Folder for the results, with a folder per run."""

    def __post_init__(self) -> None:
        planned(self.names)

    def __call__(self) -> None:
        """Train the missing runs."""
        train_missing(planned(self.names, self.out), self.again)


@dataclass(frozen=True)
class Play:
    """Play held-out episodes in every way that is missing, and keep how the arms moved."""

    tasks: Tasks = ()
    """Tasks by their presets' names; all of them if none is given."""
    again: Flag = False
    """Play anew what has been played."""
    out: Path = RESULTS
    """Folder for the results; agents that were trained for it are played too."""

    def __post_init__(self) -> None:
        for task in self.tasks:
            if task not in TASKS:
                raise UnknownNameError("robot task", task, TASKS)

    def __call__(self) -> None:
        """Play."""
        for task in self.tasks or TASKS:
            play_missing(task, self.out, self.again)


@dataclass(frozen=True)
class Summary:
    """Print and write table.md of the episodes that were played."""

    out: Path = RESULTS
    """Folder of the results."""

    def __call__(self) -> None:
        """Make the table."""
        keep_table(self.out / TABLE, table(self.out))


COMMAND = CommandLine("robot", __doc__, (Train, Play, Summary))

if __name__ == "__main__":
    COMMAND.main()
