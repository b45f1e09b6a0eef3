"""Processes of the day are waited for, interrupted and killed, and what they say is kept."""

from __future__ import annotations

import signal

import pytest

from benchmarks.day.processes import Running

WAITS = "import time\nprint('ready')\ntime.sleep(60)"


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, -signal.SIGINT)]
)
def test_a_process_that_is_told_to_end_does(number, code, tmp_path):
    running = Running(["-c", WAITS], tmp_path / "said.txt")
    assert running.until(lambda: "ready" in running.text, 60.0)
    assert running.alive
    ended = running.end(number)
    assert ended.code == code
    assert ended.text.startswith("ready\n")


def test_waiting_is_over_with_the_process(tmp_path):
    running = Running(["-c", "print('done')"], tmp_path / "said.txt")
    assert not running.until(lambda: False, 60.0)
    assert running.end() == (0, "done\n")
