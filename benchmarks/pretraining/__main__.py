"""Cost of pretraining from cameras: minutes per 1,000 steps, by encoder, head and device.

    python -m benchmarks.pretraining run --seconds 10      this machine, its GPU if it has one
    python -m benchmarks.pretraining run --device cpu --threads 1
    python -m benchmarks.pretraining add steps.json        what another machine has measured
    python -m benchmarks.pretraining summary               the table

Frames are noise, two cameras of 84 x 84 pixels that are kept in memory; steps are those of
`policies.pretrain`, crops, loader, moving average and all. A machine that has a GPU and nothing
else measures by ``python -m benchmarks.pretraining.steps``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tyro.conf import Positional

from benchmarks.pretraining.steps import Steps
from benchmarks.tables import markdown
from benchmarks.tools.command import CommandLine, check_seconds
from benchmarks.tools.kept import RESULTS as ALL_RESULTS
from benchmarks.tools.kept import keep, keep_table, measured
from benchmarks.tools.machine import machine
from zprl_env.errors import ZprlError
from zprl_env.files import read_json

RESULTS = ALL_RESULTS / "pretraining.json"
START = "python -m benchmarks.pretraining run"
HEADER = ("device", "encoder", "head", "weights [M]", "batch", "precision", "threads")
RATES = ("steps/s", "frames/s", "minutes per 1,000 steps", "CPU minutes")


def summary(results: dict[str, Any]) -> str:
    """Draw up the table."""
    rows = []
    for name, found in results.items():
        for row in found["rows"]:
            rate = row["steps_per_second"]
            rows.append(
                [
                    name,
                    row["encoder"],
                    row["head"],
                    f"{row['million_weights']:.1f}",
                    str(row["batch_size"]),
                    row["precision"],
                    str(row["threads"]),
                    f"{rate:.1f}",
                    f"{row['frames_per_second']:,.0f}",
                    f"{1000 / rate / 60:.1f}",
                    f"{1000 * row['cpu_seconds_per_step'] / 60:.1f}",
                ]
            )
    return markdown.table([*HEADER, *RATES], rows)


def _keep(out: Path, found: dict[str, Any]) -> None:
    """Keep what a device has shown, beside what others have."""
    results = read_json(out) if out.exists() else {}
    keep(out, {**results, found["device"]: found})
    Summary(out)()


@dataclass(frozen=True)
class Run(Steps):
    """Measure this machine, and keep rates and table."""

    out: Path = RESULTS
    """File of the results; the table is beside it."""

    def __post_init__(self) -> None:
        check_seconds(self.seconds)

    def __call__(self) -> None:
        """Measure all rows."""
        _keep(self.out, {**self.result(), "machine": machine()})


@dataclass(frozen=True)
class Add:
    """Keep what another machine has measured by ``python -m benchmarks.pretraining.steps``."""

    file: Positional[Path]
    """Output of that command."""
    out: Path = RESULTS
    """File of the results; the table is beside it."""

    def __call__(self) -> None:
        """Add it.

        Raises:
            ZprlError: The file is none of these.
        """
        found = read_json(self.file)
        if not isinstance(found, dict) or not {"device", "rows"} <= {*found}:
            raise ZprlError(
                f"{self.file} must be what python -m benchmarks.pretraining.steps has printed. "
                f"Got: {str(found)[:80]}."
            )
        _keep(self.out, found)


@dataclass(frozen=True)
class Summary:
    """Print and write the table of the measurements."""

    out: Path = RESULTS
    """File of the results."""

    def __call__(self) -> None:
        """Make the table."""
        keep_table(self.out.with_suffix(".md"), summary(measured(self.out, START)))


COMMAND = CommandLine("pretraining", __doc__, (Run, Add, Summary))

if __name__ == "__main__":
    COMMAND.main()
