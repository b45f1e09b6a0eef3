"""Training from pixels beside training from states: shares of its time, memory per transition.

    python -m benchmarks.seeing run                         measure, for a minute
    python -m benchmarks.seeing run --env-steps 100000      as long as a training; forty minutes
    python -m benchmarks.seeing summary                     the table

Each is SAC on one environment, its warm-up done, in a process of its own. Times are CPU seconds of
the whole process, so that what else runs on the machine hardly counts; a decision's rate is what
one free core would give. Memory is the replay buffer's per decision, and the process's largest.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.seeing.shares import PARTS, measure
from benchmarks.tools.command import CommandLine
from benchmarks.tools.kept import RESULTS as ALL_RESULTS
from benchmarks.tools.kept import keep, keep_table, measured
from benchmarks.tools.machine import machine
from zprl_env.errors import ZprlError
from zprl_env.tasks import seen_name, task_name

RESULTS = ALL_RESULTS / "seeing.json"


def summary(result: dict[str, Any]) -> str:
    """Draw up the table."""
    names = (*PARTS, "rest")
    lines = [f"| {result['task']} from | decisions/s | {' | '.join(names)} |"]
    lines += ["|---" * (len(names) + 2) + "|"]
    for kind, found in result["kinds"].items():
        total = sum(found["seconds"].values())
        shares = " | ".join(f"{found['seconds'][name] / total:.0%}" for name in names)
        lines.append(f"| {kind} | {found['decisions'] / total:.1f} | {shares} |")
    lines += ["", "| from | replay per decision [bytes] | process, peak [MB] |", "|---|---|---|"]
    for kind, found in result["kinds"].items():
        lines.append(f"| {kind} | {found['replay_bytes']:.0f} | {found['peak_megabytes']:.0f} |")
    return "\n".join([*lines, ""])


@dataclass(frozen=True)
class Run:
    """Measure, and keep the shares and their table."""

    task: str = "Lift"
    """Task that a policy of states is shipped for."""
    policy: Path | None = None
    """Checkpoint of a policy of the task that sees; the shipped one if not given."""
    env_steps: int = 4000
    """Environment steps of each."""
    out: Path = RESULTS
    """File of the results; the table is beside it."""

    def __post_init__(self) -> None:
        task_name(self.task)
        if self.env_steps < 100:
            raise ZprlError(f"env_steps must be at least 100. Got: {self.env_steps}.")

    def __call__(self) -> None:
        """Measure one after the other."""
        seen = seen_name(self.task)
        asked = {"states": (self.task, self.task), "pixels": (seen, self.policy or seen)}
        found = {}
        for kind, (task, policy) in asked.items():
            print(f"{task}: about {self.env_steps:,} environment steps", flush=True)
            with ProcessPoolExecutor(1, get_context("spawn")) as pool:
                found[kind] = pool.submit(measure, task, str(policy), self.env_steps).result()
        keep(self.out, {"task": self.task, "kinds": found, "machine": machine()})
        Summary(self.out)()


@dataclass(frozen=True)
class Summary:
    """Print and write the table of the measurements."""

    out: Path = RESULTS
    """File of the results."""

    def __call__(self) -> None:
        """Make the table."""
        result = measured(self.out, "python -m benchmarks.seeing run")
        keep_table(self.out.with_suffix(".md"), summary(result))


COMMAND = CommandLine("seeing", __doc__, (Run, Summary))

if __name__ == "__main__":
    COMMAND.main()
