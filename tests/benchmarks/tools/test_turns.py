"""Everything that is compared takes its turns equally often."""

from __future__ import annotations

from itertools import count

import pytest

from benchmarks.tools import turns
from benchmarks.tools.turns import take_turns


def test_a_task_is_played_in_every_way(monkeypatch):
    pytest.importorskip("gymnasium_robotics")
    monkeypatch.setattr(turns, "SECONDS", 0.0)
    rates = {way: play() for way, play in turns.ways("pen").items()}
    assert list(rates) == [*turns.SIMULATED, *turns.STEERED]
    assert all(0 < value < float("inf") for value in rates.values())


def test_turns_are_taken_equally_often_and_the_first_does_not_count():
    numbers = count(1.0)
    found = take_turns({"a": lambda: next(numbers), "b": lambda: next(numbers)}, 0.0)
    assert found == {"a": [3.0], "b": [4.0]}
