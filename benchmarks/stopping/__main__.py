"""Stop latency of a robot, and random faults: whether it stands still whatever fails.

    python -m benchmarks.stopping run        stop latency and 500 random faults; 40 minutes
    python -m benchmarks.stopping summary    the tables of what was measured
    python -m benchmarks.stopping case --number 444 --times 5    one fault again, and what it broke

Latency is measured in real time, from a key, a signal or a failure until the arms stand still: in
every phase of a robot's day (going home, waiting, a chunk, between two chunks, a pause, gradient
steps, an evaluation, a step written down), for every cause. One robot keeps its last velocity in
silence, and stops at once when it is told to: its latency is the software's. It is met directly and
behind the HTTP interface of ``real.server``; the other one is the simulated arm, which has mass.

A fault is a cause, a phase and a robot by chance, after which the session is left, gone on with, or
repaired and gone on with. All that the driver was told is compared with the limits of the preset,
and how fast the arms are when the driver is closed. Both go on where they were interrupted.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.stopping import faults, latency, pool
from benchmarks.stopping.causes import CAUSES
from benchmarks.stopping.kinds import ROBOTS
from benchmarks.stopping.phases import PHASES
from benchmarks.tables import markdown
from benchmarks.tools.command import CommandLine, Flag
from benchmarks.tools.kept import RESULTS as ALL_RESULTS
from benchmarks.tools.kept import keep_compact, keep_table, measured
from benchmarks.tools.machine import machine
from benchmarks.tools.training import ROOT
from zprl_env.errors import ZprlError

RESULTS = ALL_RESULTS / "stopping"
WORK = ROOT / "runs" / "benchmark" / "stopping"
LATENCY, FAULTS = "latency.json", "faults.json"
PHASE_TABLE, CAUSE_TABLE, FAULT_TABLE = "phases.md", "causes.md", "faults.md"
COMMAND_LINE = "python -m benchmarks.stopping run"


def latency_table(by: str, out: Path = RESULTS) -> str:
    """Draw up the latencies as a Markdown table.

    Args:
        by: ``"phase"`` or ``"cause"``.
        out: Folder of the results.

    Raises:
        ZprlError: Nothing was measured.
    """
    rows = [
        one for one in measured(out / LATENCY, COMMAND_LINE)["rows"] if one["latency"] is not None
    ]
    head = [by, *(f"{robot.removesuffix(', real time')} [ms]" for robot in latency.TRIALS)]
    table = []
    for name in PHASES if by == "phase" else CAUSES:
        cells = [
            _percentiles([one for one in rows if one[by] == name and one["robot"] == robot])
            for robot in latency.TRIALS
        ]
        if any(cells):
            table.append([name, *cells])
    last = [_percentiles([one for one in rows if one["robot"] == r]) for r in latency.TRIALS]
    return markdown.table(head, [*table, ["all", *last]])


def fault_table(out: Path = RESULTS) -> str:
    """Draw up the faults as a Markdown table.

    Raises:
        ZprlError: There were none.
    """
    rows = measured(out / FAULTS, COMMAND_LINE)["rows"]
    head = ["robot", "faults", "happened", "commands", "unsafe commands", "at rest at the end"]
    table = [_counts(name, [one for one in rows if one["robot"] == name]) for name in ROBOTS]
    return markdown.table(head, [row for row in [*table, _counts("all", rows)] if row[1] != "0"])


def _counts(name: str, rows: list[dict[str, Any]]) -> list[str]:
    return [
        name,
        str(len(rows)),
        str(sum(one["happened"] for one in rows)),
        f"{sum(one['commands'] for one in rows):,}",
        str(sum(bool(one["unsafe"]) for one in rows)),
        str(sum(one["at_rest"] for one in rows)),
    ]


def _percentiles(rows: list[dict[str, Any]]) -> str:
    """Return p50, p99 and the largest of some latencies [ms]."""
    if not rows:
        return ""
    found = 1e3 * np.array([one["latency"] for one in rows])
    half, most = np.percentile(found, [50, 99])
    return f"{half:.0f} / {most:.0f} / {found.max():.0f}"


@dataclass(frozen=True)
class Run:
    """Measure latencies and have random faults, keep them and print the tables."""

    cases: int = 500
    """Random faults, of seeds from 0 on; 0 for none."""
    share: float = 1.0
    """Share of the usual trials of latency, at least one of each kind; 0 for none."""
    processes: int = 2
    """Processes that do it; in real time they must not be more than cores."""
    again: Flag = False
    """Begin anew, instead of going on."""
    out: Path = RESULTS
    """Folder for the results."""
    work: Path = WORK
    """Folder for those that come before all have."""

    def __post_init__(self) -> None:
        if self.cases < 0 or self.processes < 1 or not 0.0 <= self.share < float("inf"):
            raise ZprlError(
                "cases and share must be at least 0, processes at least 1. Got: "
                f"{self.cases}, {self.share}, {self.processes}."
            )

    def __call__(self) -> None:
        """Measure."""
        if self.cases:
            self._keep(FAULTS, faults.case, range(self.cases), str)
        if self.share:
            trials = latency.trials(self.share)
            self._keep(LATENCY, latency.measure, trials, lambda trial: ", ".join(map(str, trial)))
        Summary(self.out)()

    def _keep(
        self, file: str, work: Callable[[Any], Any], jobs: Any, name: Callable[[Any], str]
    ) -> None:
        path = self.work / f"{file}l"
        if self.again:
            path.unlink(missing_ok=True)
        rows = pool.run(work, [*jobs], path, processes=self.processes, name=name)
        keep_compact(self.out / file, {"rows": rows, "machine": machine()})


@dataclass(frozen=True)
class Case:
    """Have one random fault again, some times, and print what became of it; nothing is kept."""

    number: int = 0
    """Its number, which is its seed."""
    times: int = 1
    """Number of times; in real time each differs."""

    def __post_init__(self) -> None:
        if self.number < 0 or self.times < 1:
            raise ZprlError(
                f"number must be at least 0, times at least 1. Got: {self.number}, {self.times}."
            )

    def __call__(self) -> None:
        """Have it."""
        for _ in range(self.times):
            print(json.dumps(faults.case(self.number)), flush=True)


@dataclass(frozen=True)
class Summary:
    """Print and write the tables of what was measured."""

    out: Path = RESULTS
    """Folder of the results."""

    def __call__(self) -> None:
        """Make the tables."""
        if (self.out / FAULTS).exists():
            keep_table(self.out / FAULT_TABLE, fault_table(self.out))
        if (self.out / LATENCY).exists():
            keep_table(self.out / PHASE_TABLE, latency_table("phase", self.out))
            keep_table(self.out / CAUSE_TABLE, latency_table("cause", self.out))


COMMAND = CommandLine("stopping", __doc__, (Run, Case, Summary))

if __name__ == "__main__":
    COMMAND.main()
