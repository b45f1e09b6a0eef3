"""Shares of a training's time."""

import time

import pytest

from benchmarks.seeing.__main__ import Summary, memory_table, shares_table
from benchmarks.seeing.shares import PARTS, Clock
from zprl_env import ZprlError


def busy(seconds):
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


def test_time_counts_for_the_innermost_part():
    clock = Clock()
    render = clock.timed("rendering", lambda: busy(0.02))

    def step():
        busy(0.01)
        render()

    clock.start()
    clock.timed("physics", step)()
    busy(0.005)
    seconds = clock.stop()
    assert 0.01 <= seconds["physics"] < 0.018
    assert 0.02 <= seconds["rendering"] < 0.028
    assert 0.005 <= seconds["rest"] < 0.012
    assert seconds["learning"] == 0


def test_the_tables_have_shares_and_memory():
    seconds = {**dict.fromkeys(PARTS, 1.0), "rest": 5.0}
    sizes = {"begins_megabytes": 800.0, "ends_megabytes": 809.6, "peak_megabytes": 900.0}
    found = {"seconds": seconds, "decisions": 50, "replay_bytes": 700.4, **sizes}
    result = {"task": "Lift", "kinds": {"states": found, "pixels": found}}
    assert "| pixels | 5.0 | 10% | 10% | 10% | 10% | 10% | 50% |" in shares_table(result)
    assert "| states | 50 | 700 | 800 | 810 | 900 |" in memory_table(result)


def test_what_was_measured_is_drawn_up_and_nothing_is_told_so(tmp_path):
    with pytest.raises(ZprlError, match="Start with 'run'"):
        Summary(tmp_path)()
