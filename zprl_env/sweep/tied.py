"""Tied process: a command that ends with whoever started it, on whatever machine that is."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

SAVING = 60.0
"""Time that a training has to write its last checkpoint when it is told to end [s]."""


def start_tied(
    command: Sequence[str],
    folder: Path,
    log: Path,
    threads: int = 1,
    variables: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a command in a process that is killed when this one ends, however it ends.

    Args:
        command: The command.
        folder: Where it runs, if there is such a folder on this machine.
        log: File that all it says is appended to.
        threads: Threads that its libraries may start.
        variables: Of its environment, besides this process's.

    Returns:
        The process.
    """
    # Ray's workers hold back Ctrl-C and SIGTERM for themselves; what they start would inherit it.
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def tie() -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        if libc is not None:
            libc.prctl(1, signal.SIGKILL)

    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        return subprocess.Popen(
            [*command],
            env=os.environ | {"OMP_NUM_THREADS": str(threads)} | dict(variables or {}),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=tie,
            cwd=folder if folder.is_dir() else None,
        )


def end_tied(process: subprocess.Popen[bytes], patience: float = SAVING) -> int:
    """Tell a process to save and end; kill it if it does not. Returns its exit code.

    Args:
        process: As :func:`start_tied` returned it.
        patience: Time that it has [s].
    """
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()
