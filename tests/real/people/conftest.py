"""A terminal that a test types into."""

from __future__ import annotations

import os
import pty
import time
from contextlib import suppress

import pytest


class Terminal:
    """Both ends of a terminal: `file` is what a program reads."""

    def __init__(self):
        self.ours, self.theirs = pty.openpty()
        self.file = os.fdopen(self.theirs, "r", closefd=False)

    def type(self, text):
        os.write(self.ours, text.encode())

    def close(self):
        for end in (self.ours, self.theirs):
            with suppress(OSError):
                os.close(end)


@pytest.fixture
def terminal():
    terminal = Terminal()
    yield terminal
    terminal.close()


@pytest.fixture
def screen(tmp_path):
    with (tmp_path / "screen").open("w+", encoding="utf-8") as file:
        yield file


@pytest.fixture
def until():
    """Wait for something, for a terminal and a thread take their time."""

    def until(condition, seconds=30.0):
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < deadline
            time.sleep(0.005)
        return found

    return until
