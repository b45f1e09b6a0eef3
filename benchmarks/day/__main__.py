"""A day with one simulated arm behind the HTTP server, and every command that its driver saw.

    python -m benchmarks.day --minutes 3   have the day, keep and print what was measured
    python -m benchmarks.day summary       the tables of what was measured

An agent is trained, interrupted by Ctrl-C, resumed, ended by SIGTERM, evaluated, resumed, killed
by SIGKILL; its recording is recovered, and it is resumed and evaluated again: a process each,
against one ``python -m real.server`` that lasts the day. Its driver writes every command down. From
that log alone the largest step, velocity, acceleration and jerk are computed by finite differences
at the control period, beside the limits of the task's preset.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.day.course import WATCHDOG, Course
from benchmarks.day.driver import stretches
from benchmarks.tables import markdown
from benchmarks.tools.command import CommandLine
from benchmarks.tools.kept import RESULTS as ALL_RESULTS
from benchmarks.tools.kept import TABLE, keep, keep_table, measured
from benchmarks.tools.machine import machine
from benchmarks.tools.training import ROOT
from benchmarks.tools.watched import largest
from real.tasks.files import load_preset
from zprl_env.errors import ZprlError

RESULTS = ALL_RESULTS / "day"
FILE = "day.json"
NAMES = {
    "first step": "first step, from where it was measured [m]",
    "step": "step [m]",
    "velocity": "velocity [m/s]",
    "acceleration": "acceleration [m/s^2]",
    "jerk": "jerk [m/s^3]",
    "angular velocity": "angular velocity [rad/s]",
    "angular acceleration": "angular acceleration [rad/s^2]",
    "angular jerk": "angular jerk [rad/s^3]",
    "gripper's velocity": "gripper's velocity [1/s]",
}
"""Measured quantities, with their units."""


def summarized(course: Course, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Compute what the day's log says."""
    preset, found = load_preset(course.task), stretches(course.log)
    gaps = [np.diff(stretch.stamps) for stretch in found if len(stretch.stamps) > 1]
    return {
        "parts": rows,
        "commands": sum(len(stretch.commands) for stretch in found),
        "stretches": len(found),
        "largest": [one._asdict() | {"kept": one.kept} for one in largest(found, preset)],
        "largest_gap": float(max(np.max(gap) for gap in gaps)) if gaps else 0.0,
        "exceptions": course.exceptions(),
        "outcomes": course.outcomes(),
        "watchdog": WATCHDOG,
        "machine": machine(),
    }


def tables(out: Path = RESULTS) -> str:
    """Draw up the day as Markdown: its parts, and the largest of all commands.

    Raises:
        ZprlError: There was none.
    """
    day = measured(out / FILE, "python -m benchmarks.day")
    parts = [
        [row["part"], str(row["commands"]), f"{row['seconds']:.0f}", str(row["code"])]
        for row in day["parts"]
    ]
    first = markdown.table(["part", "commands", "seconds", "exit code"], parts)
    rows = [
        [NAMES.get(one["name"], one["name"]), f"{one['size']:.5g}", f"{one['limit']:.5g}"]
        for one in day["largest"]
        if one["limit"]
    ]
    second = markdown.table(["largest of all commands", "got", "limit"], rows)
    beyond = sum(not one["kept"] for one in day["largest"])
    load = day["machine"]["load_average"]
    last = (
        f"{day['commands']:,} commands in {day['stretches']} stretches, a new one after each stop, "
        f"way home and scene. Limits exceeded, those of the box included: {beyond}. Exceptions: "
        f"{day['exceptions']}. Longest time between two commands of a stretch: "
        f"{1000 * day['largest_gap']:.0f} ms, of {day['machine']['cores']} cores with a load of "
        f"{load:.1f}. Episodes by how they ended: "
        + ", ".join(f"{count} {outcome}" for outcome, count in day["outcomes"].items())
        + ".\n"
    )
    return f"{first}\n{second}\n{last}"


@dataclass(frozen=True)
class Run:
    """Have the day, keep what was measured and print it."""

    minutes: float = 3.0
    """Minutes that the arm moves in each of the four parts that train."""
    task: str = "place-orange"
    """Preset of the arm; the policy that is steered is the shipped one for place-orange."""
    out: Path = RESULTS
    """Folder for the results: day.json and table.md."""

    def __post_init__(self) -> None:
        if not 0.0 < self.minutes < float("inf"):
            raise ZprlError(f"minutes must be positive. Got: {self.minutes}.")

    def __call__(self) -> None:
        """Have it."""
        work = ROOT / "runs" / "benchmark" / "day"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        course = Course(work, self.task, 60.0 * self.minutes)
        rows = course.run()
        keep(self.out / FILE, summarized(course, rows))
        Summary(self.out)()


@dataclass(frozen=True)
class Summary:
    """Print and write table.md of the day that was had."""

    out: Path = RESULTS
    """Folder of the results."""

    def __call__(self) -> None:
        """Make the tables."""
        keep_table(self.out / TABLE, tables(self.out))


COMMAND = CommandLine("day", __doc__, (Run, Summary), default="run")

if __name__ == "__main__":
    COMMAND.main()
