"""Commands in processes that have everything imported: what takes seconds is done once for all.

A forked child of multiprocessing's fork server stands for a fresh interpreter. What a fresh one
alone shows (how long imports take, what they import, what is installed) is not for it.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

PRELOADED = [
    "matplotlib.figure",
    "policies.engines.compiled",
    "rich.table",
    "scipy.stats",
    "torch._dynamo",
    "torch.utils.tensorboard",
    "zprl_env.base_policies.find",
    "zprl_env.training.agents.model",
    "zprl_env.training.comparison",
    "zprl_env.training.run.checkpoint",
    "zprl_env.training.watch.report",
]
"""What commands import. Nothing that reads a variable of the environment when it is imported."""
HERE = ["tests.helpers.mortal", "tests.helpers.warm"]


def start(what: Callable[..., None], *arguments: Any) -> ForkServerProcess:
    """Start a function in a process that has everything imported."""
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload([*HERE, *PRELOADED])
    process = server.Process(target=what, args=arguments)
    process.start()
    return process


def run_warm(
    *words: object,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    warn: str | None = None,
    timeout: float | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run ``python WORDS``: a module after ``-m``, or a script.

    Args:
        *words: What follows ``python``.
        cwd: Where it runs; where this process does if it is left out.
        environment: All of its variables; this process's if they are left out.
        warn: What becomes of warnings, as after ``-W``.
        timeout: How long it may take [s].

    Raises:
        TimeoutExpired: It took longer, and was killed.
    """
    typed = [*map(str, words)]
    with tempfile.TemporaryDirectory() as folder:
        told = [Path(folder, name) for name in ("out", "err")]
        process = start(_run, typed, cwd or Path.cwd(), dict(environment or os.environ), warn, told)
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(typed, timeout or 0.0)
        said = [path.read_text(encoding="utf-8") for path in told]
    return subprocess.CompletedProcess(typed, process.exitcode, *said)


def become(folder: Path, environment: Mapping[str, str], told: list[Path]) -> None:
    """Make this process one that was started in a folder, with its output in files."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for stream, path in zip((1, 2), told, strict=True):
        with path.open("ab") as file:
            os.dup2(file.fileno(), stream)


def ended(run: Callable[[], Any]) -> None:
    """Run the last thing that a process does: what waits for its end comes after it."""
    try:
        run()
    finally:
        atexit._run_exitfuncs()  # which a process of multiprocessing's leaves out


def _run(
    words: list[str], folder: Path, environment: dict[str, str], warn: Any, told: list[Path]
) -> None:
    become(folder, environment, told)
    if warn:
        warnings.simplefilter(warn)
    if words[0] == "-m":
        sys.path.insert(0, str(folder))
        sys.argv[:] = words[1:]
        ended(lambda: runpy.run_module(words[1], run_name="__main__", alter_sys=True))
    else:
        sys.path.insert(0, str(Path(words[0]).parent))
        sys.argv[:] = words
        ended(lambda: runpy.run_path(words[0], run_name="__main__"))
