"""Processes of the day: commands of this repository, started, interrupted and killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from benchmarks.tools.training import ROOT
from zprl_env.errors import ZprlError

PATIENCE = 180.0
"""Time that a process may take to end once it was told to [s]."""


class Ended(NamedTuple):
    """A process that has ended.

    Attributes:
        code: Its exit code; minus the signal's number if one ended it.
        text: All that it said.
    """

    code: int
    text: str


class Running:
    """A process of the day, whose words go to a file.

    Args:
        words: What follows ``python``.
        said: The file.
    """

    def __init__(self, words: list[str], said: Path) -> None:
        self._said = said
        with said.open("x", encoding="utf-8") as file:
            self._process = subprocess.Popen(
                [sys.executable, *words],
                cwd=ROOT,
                stdout=file,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"},
                preexec_fn=_hear_ctrl_c,
            )

    @property
    def text(self) -> str:
        """All that it has said."""
        return self._said.read_text(encoding="utf-8", errors="replace")

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait until something holds; False if time is over or the process has ended before."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline or not self.alive:
                return condition()
            time.sleep(0.2)
        return True

    def end(self, number: int | None = None, seconds: float = PATIENCE) -> Ended:
        """Send a signal, if one is given, and wait for the end.

        Raises:
            ZprlError: It did not end.
        """
        if number is not None and self.alive:
            self._process.send_signal(number)
        try:
            code = self._process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise ZprlError(
                f"A process must end within {seconds:g} s of what was sent to it. Got: "
                f"{self._process.args!r}. It said: {self.text[-500:]}"
            ) from None
        return Ended(code, self.text)

    def abandon(self) -> None:
        """Kill it if it still runs."""
        if self.alive:
            self._process.kill()
            self._process.wait()


def _hear_ctrl_c() -> None:
    """Hear Ctrl-C as in a terminal, even where the benchmark runs in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
