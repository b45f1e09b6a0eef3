"""A stand-in for a robot in a process of its own, asked by lines of JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any


class Child:
    """A process that answers a line of JSON with another one.

    Args:
        module: What it runs.
        *arguments: What it is given.

    Attributes:
        host: What it said first: its address.
    """

    def __init__(self, module: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.host: str = self._answer()

    def ask(self, what: str, **values: Any) -> Any:
        """Ask it something."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"what": what, **values}) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """Switch it off, at once."""
        self._process.kill()
        self._process.communicate()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        answer = self._process.stdout.readline()
        assert answer, f"{self._process.args!r} is down"
        return json.loads(answer)


def answer(value: Any) -> None:
    """Answer the parent."""
    print(json.dumps(value), flush=True)
