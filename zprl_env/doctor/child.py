"""Run a probe in a child process, since it may crash, hang or change global state for good."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Answer:
    """Result of a probe: the values it found, or its error.

    Attributes:
        values: What it found; empty if it failed.
        missing: What it says is not installed, with the way to install it.
        error: Why it failed, in one line; empty if it did not.
        trace: Its traceback, or the end of what it wrote to stderr.
        died: Whether it crashed or hung and could not say anything.
    """

    values: dict[str, Any] = field(default_factory=dict)
    missing: str = ""
    error: str = ""
    trace: str = ""
    died: bool = False


def ask(
    probe: str, *arguments: str, timeout: float, env: Mapping[str, str] | None = None
) -> Answer:
    """Run one of the probes in a Python of its own; whatever it and its libraries print is held.

    Args:
        probe: Its name in :data:`zprl_env.doctor.probes.PROBES`.
        *arguments: Its arguments.
        timeout: When to give up waiting [s].
        env: Environment variables to set for it.
    """
    command = [sys.executable, "-m", "zprl_env.doctor.probes", probe, *arguments]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Answer(error=f"no answer within {timeout:g} s", died=True)
    if done.returncode:
        last_words = done.stderr.strip().splitlines()[-20:]
        error = _end(done.returncode, last_words)
        return Answer(error=error, trace="\n".join(last_words), died=True)
    return Answer(**json.loads(done.stdout.rpartition("\n")[2]))


def _end(code: int, last_words: list[str]) -> str:
    """Describe how a process came to its end.

    >>> _end(-11, []), _end(1, ["ImportError: no zprl_env"])
    ('killed by SIGSEGV', 'ended with code 1: ImportError: no zprl_env')
    """
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"ended with code {code}" + "".join(f": {word}" for word in last_words[-1:])
