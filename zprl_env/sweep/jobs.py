"""Jobs: commands on the machines of a Ray cluster, which end with whoever asked for them."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from zprl_env.sweep.tied import end_tied, start_tied
from zprl_env.vectorised.cluster.connection import Connection

GONE = -1000
"""Exit code in place of that of a command whose machine, or whose worker, was lost."""


class Job:
    """Body of a worker with one command, told to end by a second message beside the first."""

    def __init__(self) -> None:
        """Begin without a command."""
        self._ending = False

    def run(self, command: list[str], folder: Path, log: Path, threads: int) -> int:
        """Run Python with these arguments; its exit code."""
        first = {"PYTHONPATH": str(folder)}
        process = start_tied([sys.executable, *command], folder, log, threads, first)
        while process.poll() is None and not self._ending:
            time.sleep(0.2)
        return end_tied(process)

    def end(self) -> None:
        """Tell the command to save and end."""
        self._ending = True


class Jobs:
    """Commands on a cluster that is joined, each in a worker that waits for its cores.

    Attributes:
        at_a_time: Commands for which the cluster has cores.
    """

    def __init__(self, address: str | None, cores: float) -> None:
        """Join.

        Args:
            address: As :class:`Connection` takes it.
            cores: Cores of a command.

        Raises:
            SimulationError: There is no cluster.
        """
        self._connection = Connection(address)
        self._ray = self._connection.ray
        self._cores = cores
        self._running: set[Any] = set()
        self.at_a_time = max(1, int(self._ray.cluster_resources().get("CPU", 1) / cores))

    def __enter__(self) -> Jobs:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def run(self, command: Sequence[str], folder: Path, log: Path) -> int:
        """Run Python with arguments somewhere, and wait for its end; may be called by threads.

        Args:
            command: The arguments.
            folder: Where it runs, also the first place that it imports from.
            log: File that all it says is appended to.

        Returns:
            Its exit code, or `GONE`.
        """
        options = {"num_cpus": self._cores, "max_concurrency": 2, "max_restarts": 0}
        worker = self._ray.remote(Job).options(**options).remote()
        self._running.add(worker)
        try:
            threads = max(1, round(self._cores))
            code: int = self._ray.get(worker.run.remote([*command], folder, log, threads))
            return code
        except self._ray.exceptions.RayError:
            return GONE
        finally:
            self._running.discard(worker)
            with suppress(self._ray.exceptions.RayError, ValueError):
                self._ray.kill(worker)

    def end(self) -> None:
        """Tell all commands to save and end."""
        for worker in list(self._running):
            worker.end.remote()
