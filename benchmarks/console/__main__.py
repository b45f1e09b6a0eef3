"""The console's stop and its gate: latency through the page, and a thousand requests to refuse.

    python -m benchmarks.console run        both, in two minutes; needs the extra 'console'
    python -m benchmarks.console summary    the table of what was measured

The arm keeps its last velocity in silence and stops at once when it is told to, so its latency is
the software's: from the request that the page's button makes until it stands still. It is measured
while whoever decides is idle, and while a thread computes without a pause, as a learner does.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.console.refusals import refusals
from benchmarks.console.stops import LOADS, stops
from benchmarks.tables import markdown
from benchmarks.tools.command import CommandLine
from benchmarks.tools.kept import RESULTS as ALL_RESULTS
from benchmarks.tools.kept import TABLE, keep, keep_table, measured
from benchmarks.tools.machine import machine
from zprl_env.errors import ZprlError

RESULTS = ALL_RESULTS / "console"
RAW = "console.json"


@dataclass(frozen=True)
class Run:
    """Measure both, and keep them."""

    requests: int = 1000
    """Malformed or foreign requests."""
    trials: int = 30
    """Stops, of each load."""
    out: Path = RESULTS
    """Folder for the results."""

    def __post_init__(self) -> None:
        if self.requests < 1 or self.trials < 1:
            raise ZprlError(
                f"requests and trials must be at least 1. Got: {self.requests}, {self.trials}."
            )

    def __call__(self) -> None:
        """Measure."""
        content = {
            "stops": {load: stops(self.trials, load) for load in LOADS},
            "refused": refusals(self.requests),
            "machine": machine(),
        }
        keep(self.out / RAW, content)
        Summary(self.out)()


@dataclass(frozen=True)
class Summary:
    """Print and write the table of what was measured."""

    out: Path = RESULTS
    """Folder of the results."""

    def __call__(self) -> None:
        """Make the table."""
        kept = measured(self.out / RAW, "python -m benchmarks.console run")
        rows = []
        for load, found in kept["stops"].items():
            half, most = 1e3 * np.percentile(found, [50, 99])
            told = f"{half:.0f} / {most:.0f} / {1e3 * max(found):.0f}"
            rows.append([f"stop, {load} [ms], p50 / p99 / most", told, str(len(found))])
        for kind, answers in kept["refused"].items():
            said = ", ".join(f"{number} x {status}" for status, number in sorted(answers.items()))
            rows.append([f"refused: {kind}", said, str(sum(answers.values()))])
        keep_table(self.out / TABLE, markdown.table(["what", "found", "of"], rows))


COMMAND = CommandLine("console", __doc__, (Run, Summary))

if __name__ == "__main__":
    COMMAND.main()
