"""Time that a decision costs more where the policy lives in another interpreter.

    python -m benchmarks.serving           measure, seconds; keep and print the table
    python -m benchmarks.serving summary   the table of what was measured

A policy here and the same policy in a process of its own, started by this Python, take turns:
encode and decode one batch. Their answers have to be equal to the bit.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.tables import markdown
from benchmarks.tools.command import CommandLine
from benchmarks.tools.kept import RESULTS, TABLE, keep, keep_table, measured
from benchmarks.tools.machine import machine
from policies.encoding import decode
from policies.serve.process import start
from zprl_env.errors import PolicyMismatchError, ZprlError
from zprl_env.loading.resolve import resolve_policy

FILE = "serving.json"
OUT = RESULTS / "serving"
POLICIES, BATCHES = ("Lift", "lift-pixels"), (1, 8)


def observations(policy: Any, rows: int) -> Any:
    """Draw a batch of observations for a policy. Shape ``(rows, O)``, or such by name."""
    rng = np.random.default_rng(0)
    state = rng.normal(size=(rows, policy.observation_dim)).astype(np.float32)
    if not policy.cameras:
        return state
    shape = (rows, *policy.picture_settings.image_size, 3)
    return {"state": state} | {
        camera: rng.integers(0, 256, shape, np.uint8) for camera in policy.cameras
    }


def measure(repeats: int) -> list[dict[str, Any]]:
    """Let policies here and served take turns.

    Raises:
        PolicyMismatchError: They differ.
    """
    rows: list[dict[str, Any]] = []
    for name in POLICIES:
        local: Any = resolve_policy(name)
        served = start(f"{sys.executable}:{name}")
        for batch in BATCHES:
            seen = observations(local, batch)
            shape = (batch, local.horizon, local.action_dim)
            noise = np.random.default_rng(1).normal(size=shape).astype(np.float32)
            times: dict[str, list[float]] = {"here": [], "served": []}
            for _ in range(repeats):
                chunks = []
                for where, policy in (("here", local), ("served", served)):
                    began = time.perf_counter()
                    chunks.append(decode(policy, policy.encode(seen)[1], noise))
                    times[where].append(1e3 * (time.perf_counter() - began))
                if not np.array_equal(*chunks):
                    raise PolicyMismatchError(f"{name} must be the same served. Got: another one.")
            middle = {where: median(values) for where, values in times.items()}
            rows.append({"policy": name, "batch": batch, **middle})
        served.close()
    return rows


def table(out: Path = OUT) -> str:
    """Draw up the measurements as a Markdown table.

    Raises:
        ZprlError: Nothing was.
    """
    found = measured(out / FILE, "python -m benchmarks.serving run")["results"]
    head = ["policy", "batch", "here [ms]", "served [ms]", "more [ms]"]
    rows = [
        [
            row["policy"],
            str(row["batch"]),
            *(f"{row[where]:.2f}" for where in ("here", "served")),
            f"{row['served'] - row['here']:+.2f}",
        ]
        for row in found
    ]
    return markdown.table(head, rows)


@dataclass(frozen=True)
class Summary:
    """Print and write table.md of the measurements."""

    out: Path = OUT
    """Folder of the results."""

    def __call__(self) -> None:
        """Make the table."""
        keep_table(self.out / TABLE, table(self.out))


@dataclass(frozen=True)
class Run:
    """Measure, keep and print the table."""

    repeats: int = 500
    """Decisions of each."""
    out: Path = OUT
    """Folder for the results."""

    def __post_init__(self) -> None:
        if self.repeats < 1:
            raise ZprlError(f"repeats must be at least 1. Got: {self.repeats}.")

    def __call__(self) -> None:
        """Measure."""
        keep(self.out / FILE, {"results": measure(self.repeats), "machine": machine()})
        Summary(self.out)()


COMMAND = CommandLine("serving", __doc__, (Run, Summary), default="run")

if __name__ == "__main__":
    COMMAND.main()
