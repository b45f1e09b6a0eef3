"""Environment in another interpreter: a process that is spoken to through a pipe."""

from __future__ import annotations

import select
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np

from lerobot_env_zprl.worker.host import read_message, write_message

PATIENCE = 120.0
"""Time for an answer, of which the first may have to import a simulator [s]."""


class RemoteHost:
    """Environment that another interpreter runs; it ends with this object, or with this process.

    Args:
        python: The interpreter.
        asked: What to make, as :class:`~lerobot_env_zprl.worker.host.Host` takes it.

    Attributes:
        about: Sizes, cameras, rate and limit.

    Raises:
        RuntimeError: It cannot be started, ends, or does not answer in time.
    """

    def __init__(self, python: str, asked: dict[str, Any]) -> None:
        self._python, script = python, Path(__file__).with_name("worker") / "host.py"
        try:
            self._process = subprocess.Popen(
                [python, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        except OSError as error:
            raise RuntimeError(
                f"--env.python must be an interpreter with zprl-env and its simulators. "
                f"Got: {python} ({error})."
            ) from error
        self.about = self._ask({"make": asked})[1]

    def reset(self, seed: int | None) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Start an episode."""
        return self._ask({"reset": seed})

    def step(self, action: np.ndarray) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Take one step."""
        return self._ask({"step": True}, {"action": action})

    def render(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Draw a picture."""
        return self._ask({"render": True})

    def close(self) -> None:
        """End the process."""
        self._process.stdin.close()  # type: ignore[union-attr]
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _ask(
        self, said: dict[str, Any], arrays: dict[str, np.ndarray] | None = None
    ) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        into, out = self._process.stdin, self._process.stdout
        try:
            write_message(into, said, arrays or {})
            until = time.monotonic() + PATIENCE
            if not select.select([out], [], [], max(0.0, until - time.monotonic()))[0]:
                self._process.kill()
                raise RuntimeError(f"The environment must answer within {PATIENCE:g} s. Got: none.")
            answer, found = read_message(out)
        except (BrokenPipeError, EOFError) as error:
            code = self._process.wait()
            raise RuntimeError(
                f"The environment must run until it is closed. Got: {self._python} ended with exit "
                f"code {code}; what it said is above."
            ) from error
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return found, answer
