"""Process that serves a policy from another interpreter, and ends with this one."""

from __future__ import annotations

import atexit
import json
import os
import secrets
import select
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from policies.errors import ConfigurationError
from policies.serve import wire
from policies.serve.client import ServedPolicy, ServedPolicyError

STARTING = 600.0
"""Seconds that a policy may take to be loaded."""
CLOSING = 2.0
"""Seconds that it may take to end; it has nothing to keep."""
WORDS = 1500
"""Characters of a process's last words that are told."""


class PolicyProcess:
    """Server of a policy in an interpreter of its own, which ends when this process does.

    It is told so by the end of its standard input, which comes however this process ends. Only the
    package ``policies`` of this installation is shown to it, and none of its other packages.

    Args:
        python: The interpreter.
        policy: The policy's name, as ``python -m policies.serve`` takes it.
        starting: Seconds that it may take to load it.

    Raises:
        ConfigurationError: There is no such interpreter.
        ServedPolicyError: The policy could not be loaded; its last words are told.
    """

    def __init__(self, python: str, policy: str, starting: float = STARTING) -> None:
        found = shutil.which(os.path.expanduser(python))
        if found is None:
            raise ConfigurationError(
                f"--policy-python must be an interpreter. Got: {python}. Give its path, such as "
                "~/lerobot/bin/python."
            )
        self.token = secrets.token_hex(16)
        self._folder = tempfile.TemporaryDirectory(prefix="zprl-serve-")
        here = Path(self._folder.name)
        (here / "policies").symlink_to(Path(__file__).resolve().parents[1])
        self._errors = (here / "stderr").open("w+b")
        environment = {
            **{name: value for name, value in os.environ.items() if name != "PYTHONHOME"},
            "PYTHONPATH": str(here),
            wire.TOKEN: self.token,
        }
        self._python = found
        self._process = subprocess.Popen(
            [found, "-m", "policies.serve", "--policy", policy, "--until-input-ends"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,  # Ctrl-C is ours: it ends after the run has been kept
        )
        atexit.register(self.close)
        try:
            self.address = self._wait(starting)
        except BaseException:
            self.close()
            raise

    def _wait(self, seconds: float) -> str:
        """Wait for the line that says where it listens."""
        stdout = self._process.stdout
        assert stdout is not None
        until, line = time.monotonic() + seconds, b""
        while not line.endswith(b"\n"):
            left = until - time.monotonic()
            ready, _, _ = select.select([stdout], [], [], max(0.0, min(left, 1.0)))
            piece = os.read(stdout.fileno(), 4096) if ready else b""
            line += piece
            if (ready and not piece) or left <= 0.0:
                self._process.poll()
                what = "took too long" if left <= 0.0 else "ended"
                raise ServedPolicyError(
                    f"a policy must be served by {self._python}. Got: its process {what}."
                    f"{self.last_words()}"
                )
        try:
            return str(json.loads(line.splitlines()[-1])["address"])
        except (ValueError, KeyError, TypeError) as error:
            raise ServedPolicyError(
                f"a policy's process must say where it listens. Got: {line[:200]!r}."
            ) from error

    def last_words(self) -> str:
        """Return the end of what the process said on its standard error."""
        try:
            text = (Path(self._folder.name) / "stderr").read_text(errors="replace").strip()
        except OSError:
            return ""
        with suppress(subprocess.TimeoutExpired):  # it may be about to end
            self._process.wait(0.5)
        code = self._process.poll()
        ended = "" if code is None else f" The process ended with {code}."
        return f"{ended} Its last words: ...{text[-WORDS:]}" if text else ended

    def close(self) -> None:
        """End the process."""
        atexit.unregister(self.close)
        if self._process.stdin is not None and not self._process.stdin.closed:
            self._process.stdin.close()
        try:
            self._process.wait(CLOSING)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._errors.close()
        self._folder.cleanup()


def start(address: str) -> ServedPolicy:
    """Start a policy by ``INTERPRETER:POLICY`` and connect to it.

    Raises:
        ConfigurationError: The address is none, or there is no such interpreter.
        ServedPolicyError: The policy could not be loaded.
    """
    python, separator, policy = address.partition(":")
    if not (python and separator and policy):
        raise ConfigurationError(
            f"A policy in another interpreter must be python:INTERPRETER:POLICY. Got: {address!r}."
        )
    process: Any = PolicyProcess(python, policy)
    try:
        return ServedPolicy(process.address, process.token, keep=process)
    except BaseException:
        process.close()
        raise
