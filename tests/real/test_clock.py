"""Time goes forward, by itself or when it is waited for."""

from __future__ import annotations

import time

import pytest

from real.clock import SimulatedClock, WallClock


def test_the_wall_clock_is_the_computer_s_monotonic_one():
    before = time.monotonic()
    now = WallClock().now()
    assert before <= now <= time.monotonic()


def test_who_sleeps_until_then_never_wakes_before():
    clock = WallClock()
    for seconds in (0.0, 0.001, 0.02):
        due = clock.now() + seconds
        clock.sleep_until(due)
        assert clock.now() >= due


@pytest.mark.parametrize("clock", [WallClock(), SimulatedClock()], ids=["wall", "simulated"])
def test_what_is_over_is_not_waited_for_and_does_not_turn_time_back(clock):
    before = clock.now()
    clock.sleep_until(before - 3600.0)
    assert clock.now() >= before


def test_simulated_years_cost_nothing_and_end_exactly_then():
    clock = SimulatedClock()
    assert clock.now() == 0.0
    for when in (1e-9, 0.1, 1e9):
        clock.sleep_until(when)
        assert clock.now() == when
        assert clock.now() == when
