"""Latency delays and never reorders."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from real.sim.delay import DelayLine

DUE = st.lists(st.floats(0.0, 1.0), max_size=20)


@given(DUE, st.floats(0.0, 1.0))
def test_nothing_is_early_overtaken_or_lost(due, now):
    line, when = DelayLine[int](), []
    for number, each in enumerate(due):
        when.append(line.send(number, each))
        assert when[-1] >= each
    arrived = [*line.arrived(now)]
    assert arrived == [number for number, each in enumerate(when) if each <= now]
    assert [*arrived, *line.arrived(1.0)] == [*range(len(due))]


def test_what_arrives_is_taken_out_and_can_be_forgotten():
    line = DelayLine[str]()
    line.send("first", 0.1)
    line.send("second", 0.2)
    assert [*line.arrived(0.1)] == ["first"]
    line.clear()
    assert [*line.arrived(9.0)] == []


def test_of_more_than_it_holds_the_oldest_are_lost():
    line = DelayLine[int](capacity=2)
    for number in range(4):
        line.send(number, 0.0)
    assert [*line.arrived(0.0)] == [2, 3]
