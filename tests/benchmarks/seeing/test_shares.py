"""Shares of a training's time."""

import time

from benchmarks.seeing.__main__ import summary
from benchmarks.seeing.shares import PARTS, Clock


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


def test_the_table_has_shares_and_memory():
    seconds = {**dict.fromkeys(PARTS, 1.0), "rest": 5.0}
    found = {"seconds": seconds, "decisions": 50, "replay_bytes": 700.4, "peak_megabytes": 900.0}
    table = summary({"task": "Lift", "kinds": {"states": found, "pixels": found}})
    assert "| pixels | 5.0 | 10% | 10% | 10% | 10% | 10% | 50% |" in table
    assert "| states | 700 | 900 |" in table
