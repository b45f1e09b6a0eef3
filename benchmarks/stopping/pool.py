"""Jobs of a benchmark in several processes, each of whose results is kept as soon as it comes."""

from __future__ import annotations

import json
import multiprocessing
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from pathlib import Path
from typing import Any

from zprl_env.errors import ZprlError

ROUNDS = 5
"""Times that processes are begun anew after one of them was ended."""


def kept(path: Path) -> dict[str, Any]:
    """Read the results that were kept, by job; a line that was cut off is left out."""
    found: dict[str, Any] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        with suppress(json.JSONDecodeError):
            one = json.loads(line)
            found[one["job"]] = one["result"]
    return found


def run(
    work: Callable[[Any], dict[str, Any]],
    jobs: Sequence[Any],
    path: Path,
    *,
    processes: int,
    name: Callable[[Any], str] = str,
) -> list[dict[str, Any]]:
    """Do the jobs that have no results yet, and return those of all, in order.

    Args:
        work: What makes a job's result, in a process of its own.
        jobs: The jobs.
        path: File that results are added to.
        processes: How many processes.
        name: What tells a job from all others.

    Raises:
        ZprlError: Processes were ended again and again.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for _ in range(ROUNDS):
        found = kept(path)
        missing = [job for job in jobs if name(job) not in found]
        if not missing:
            return [found[name(job)] for job in jobs]
        try:
            _do(work, missing, path, processes, name)
        except BrokenProcessPool:
            print("a process was ended; those that are missing are begun anew", flush=True)
    raise ZprlError(f"{len(missing)} jobs must be done. Got: their processes were ended.")


def _hear() -> None:
    """Hear signals as in a terminal, even where the benchmark runs in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def _do(
    work: Callable[[Any], dict[str, Any]],
    jobs: Sequence[Any],
    path: Path,
    processes: int,
    name: Callable[[Any], str],
) -> None:
    context = multiprocessing.get_context("spawn")
    with (
        ProcessPoolExecutor(processes, mp_context=context, initializer=_hear) as pool,
        path.open("a", encoding="utf-8", buffering=1) as file,
    ):
        file.write("\n")  # after a line that was cut off
        begun = {pool.submit(work, job): job for job in jobs}
        try:
            for number, done in enumerate(as_completed(begun), start=1):
                said = {"job": name(begun[done]), "result": done.result()}
                file.write(json.dumps(said, default=str) + "\n")
                print(f"{number} of {len(jobs)}: {said['job']}", flush=True)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
