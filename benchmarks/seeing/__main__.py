"""Training from pixels beside training from states: shares of its time, and its memory.

    python -m benchmarks.seeing run        shares of the time; two minutes
    python -m benchmarks.seeing memory     memory of a training of 100,000 steps; twenty minutes
    python -m benchmarks.seeing summary    the tables

Each is SAC on one environment, its warm-up done, in a process of its own. Times are CPU seconds of
the whole process, so that what else runs on the machine hardly counts; a decision's rate is what
one free core would give. Memory is the replay buffer's per decision, the process's when learning
begins and when it ends, and its largest; `memory` takes one update per decision, on which none of
these depend.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.seeing.shares import PARTS, measure
from benchmarks.tables import markdown
from benchmarks.tools.command import CommandLine
from benchmarks.tools.kept import RESULTS as ALL_RESULTS
from benchmarks.tools.kept import TABLE, keep, keep_table
from benchmarks.tools.machine import machine
from zprl_env.errors import ZprlError
from zprl_env.files import read_json
from zprl_env.tasks import seen_name, task_name

RESULTS = ALL_RESULTS / "seeing"
SHARES, MEMORY = "shares.json", "memory.json"


def shares_table(result: dict[str, Any]) -> str:
    """Draw up where the time goes."""
    names = (*PARTS, "rest")
    rows = []
    for kind, found in result["kinds"].items():
        total = sum(found["seconds"].values())
        shares = [f"{found['seconds'][name] / total:.0%}" for name in names]
        rows.append([kind, f"{found['decisions'] / total:.1f}", *shares])
    return markdown.table([f"{result['task']} from", "decisions/s", *names], rows)


def memory_table(result: dict[str, Any]) -> str:
    """Draw up what it takes of memory."""
    names = ("begins_megabytes", "ends_megabytes", "peak_megabytes")
    rows = [
        [kind, f"{found['decisions']:,}", f"{found['replay_bytes']:.0f}"]
        + [f"{found[name]:,.0f}" for name in names]
        for kind, found in result["kinds"].items()
    ]
    sizes = [f"{when} [MB]" for when in ("when learning begins", "when it ends", "largest")]
    head = [f"{result['task']} from", "decisions", "replay per decision [bytes]", *sizes]
    return markdown.table(head, rows)


TABLES = {SHARES: shares_table, MEMORY: memory_table}


@dataclass(frozen=True)
class Measuring:
    """A task whose two trainings are measured, one after the other."""

    task: str = "Lift"
    """Task that a policy of states is shipped for."""
    policy: Path | None = None
    """Checkpoint of a policy of the task that sees; the shipped one if not given."""
    env_steps: int = 4_000
    """Environment steps of each."""
    out: Path = RESULTS
    """Folder for the results."""

    def __post_init__(self) -> None:
        task_name(self.task)
        if self.env_steps < 100:
            raise ZprlError(f"env_steps must be at least 100. Got: {self.env_steps}.")

    def _measure(self, file: str, updates: float | None = None) -> None:
        """Measure, and keep what was found and the tables."""
        seen = seen_name(self.task)
        asked = {"states": (self.task, self.task), "pixels": (seen, self.policy or seen)}
        found = {}
        for kind, (task, policy) in asked.items():
            print(f"{task}: about {self.env_steps:,} environment steps", flush=True)
            with ProcessPoolExecutor(1, get_context("spawn")) as pool:
                job = pool.submit(measure, task, str(policy), self.env_steps, updates)
                found[kind] = job.result()
        keep(self.out / file, {"task": self.task, "kinds": found, "machine": machine()})
        Summary(self.out)()


@dataclass(frozen=True)
class Run(Measuring):
    """Measure the shares of the time."""

    def __call__(self) -> None:
        """Measure one after the other."""
        self._measure(SHARES)


@dataclass(frozen=True)
class Memory(Measuring):
    """Measure the memory of a whole training."""

    env_steps: int = 100_000
    """Environment steps of each."""

    def __call__(self) -> None:
        """Measure one after the other."""
        self._measure(MEMORY, updates=1)


@dataclass(frozen=True)
class Summary:
    """Print and write the tables of the measurements."""

    out: Path = RESULTS
    """Folder of the results."""

    def __call__(self) -> None:
        """Make the tables.

        Raises:
            ZprlError: Nothing was measured.
        """
        parts = [*self._parts()]
        if not parts:
            raise ZprlError(f"Expected results in {self.out}. Got: none. Start with 'run'.")
        keep_table(self.out / TABLE, "\n".join(parts))

    def _parts(self) -> Iterable[str]:
        for file, draw in TABLES.items():
            if (self.out / file).exists():
                yield draw(read_json(self.out / file))


COMMAND = CommandLine("seeing", __doc__, (Run, Memory, Summary))

if __name__ == "__main__":
    COMMAND.main()
