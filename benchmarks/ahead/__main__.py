"""Chunks decided ahead: gaps between a robot's commands, and what an agent learns meanwhile.

    python -m benchmarks.ahead beat       policies of 1 to 300 ms at 10 to 60 Hz; five minutes
    python -m benchmarks.ahead train      place-orange, sync and ahead; 20 minutes each
    python -m benchmarks.ahead summary    the tables

The beat is measured in real time, on an ideal robot that notes when each command came, with a
policy that keeps the arm moving along a circle. It is as good as the machine lets it be: run it on
one that has nothing else to do. What is learned is measured in simulated time, where a decision
takes the delay that is stated, on the simulated arm of place-orange with its shipped policy.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.ahead import beat
from benchmarks.tables import markdown
from benchmarks.tools.command import CommandLine, Flag, Names
from benchmarks.tools.kept import RESULTS as ALL_RESULTS
from benchmarks.tools.kept import TABLE, KeptRun, finished, keep, keep_table, measured
from benchmarks.tools.machine import machine
from benchmarks.tools.training import Planned, train_missing
from zprl_env.errors import UnknownNameError, ZprlError
from zprl_env.success_rates import wilson_interval

RESULTS = ALL_RESULTS / "ahead"
FILE, BEAT_TABLE = "beat.json", "beat.md"
RUNS = {
    "sync-0": "--env-kwargs inference=sync",
    "ahead-0": "--env-kwargs inference=ahead",
}
"""Options of each run for ``python train_sb3.py --env Real --algo sac``; a delay of 2 is usual."""
BUDGET = "--total-env-steps 54000 --eval-every 27000 --validation-episodes 20 --eval-episodes 50"


def beat_table(out: Path = RESULTS) -> str:
    """Draw up the gaps between commands as a Markdown table.

    Raises:
        ZprlError: Nothing was measured.
    """
    head = ["policy [ms]", "Hz", "inference", "delay", "largest gap [ms]", "p99 [ms]"]
    head += ["irregular", "at [m/s]", "brakes", "stopped"]
    rows = []
    for one in measured(out / FILE, "python -m benchmarks.ahead beat")["rows"]:
        rows.append(
            [
                str(one["policy_ms"]),
                str(one["rate"]),
                one["inference"],
                str(one["delay"]),
                f"{one['max_ms']:.1f}",
                f"{one['p99_ms']:.1f}",
                f"{one['irregular']} of {one['commands']}",
                f"{one['speed_before_max']:.2f}",
                str(one["brakes"]),
                "yes" if one["stop"] else "no",
            ]
        )
    return markdown.table(head, rows)


def table(out: Path = RESULTS) -> str:
    """Draw up the runs that were finished as a Markdown table.

    Raises:
        ZprlError: None was.
    """
    head = ["", "seed", "base policy", "steered", "95 % interval", "env steps"]
    rows = []
    for name in RUNS:
        if not finished(out / name):
            continue
        run, (inference, seed) = KeptRun(out / name), name.rsplit("-", 1)
        successes: list[Any] = run.steered["successes"]
        rows.append(
            [
                inference,
                seed,
                f"{run.base:.2f}",
                f"{run.steered['success_rate']:.2f}",
                markdown.interval(wilson_interval(sum(successes), len(successes))),
                f"{run.results['env_steps']:,}",
            ]
        )
    if not rows:
        raise ZprlError(f"Expected runs in {out}. Got: none. Try python -m benchmarks.ahead train.")
    return markdown.table(head, rows)


def planned(names: Iterable[str], out: Path = RESULTS) -> list[Planned]:
    """List runs, all of ``RUNS`` if none is named.

    Raises:
        UnknownNameError: There is no such run.
    """
    chosen = tuple(names) or tuple(RUNS)
    for name in chosen:
        if name not in RUNS:
            raise UnknownNameError("run", name, RUNS)
    return [Planned(out / name, "Real", f"--algo sac {RUNS[name]} {BUDGET}") for name in chosen]


@dataclass(frozen=True)
class Beat:
    """Measure the gaps between commands in real time, keep them and print the table."""

    seconds: float = 8.0
    """Time for each policy, rate and kind of inference."""
    out: Path = RESULTS
    """Folder for the results."""

    def __post_init__(self) -> None:
        if not 0.0 < self.seconds < float("inf"):
            raise ZprlError(f"seconds must be positive. Got: {self.seconds}.")

    def __call__(self) -> None:
        """Measure."""
        rows = [
            beat.measure(inference, rate, milliseconds, self.seconds)
            for milliseconds in beat.POLICIES
            for rate in beat.RATES
            for inference in beat.KINDS
        ]
        content = {"rows": rows, "seconds": self.seconds, "machine": machine()}
        keep(self.out / FILE, content)
        keep_table(self.out / BEAT_TABLE, beat_table(self.out))


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
class Summary:
    """Print and write beat.md and table.md of what was measured."""

    out: Path = RESULTS
    """Folder of the results."""

    def __call__(self) -> None:
        """Make the tables."""
        keep_table(self.out / BEAT_TABLE, beat_table(self.out))
        keep_table(self.out / TABLE, table(self.out))


COMMAND = CommandLine("ahead", __doc__, (Beat, Train, Summary))

if __name__ == "__main__":
    COMMAND.main()
