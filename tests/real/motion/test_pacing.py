"""A beat neither drifts nor hurries."""

from __future__ import annotations

import numpy as np
import pytest

from real.clock import SimulatedClock, WallClock
from real.motion.pacing import Pacer


def test_small_delays_do_not_add_up():
    clock = SimulatedClock()
    pacer = Pacer(clock, 0.1)
    for beat in range(100):
        assert pacer.wait() == pytest.approx(0.1 * beat)
        clock.sleep_until(clock.now() + 0.04)
    assert pacer.overruns == 0


def test_two_beats_are_never_less_than_half_a_period_apart_whatever_comes_between():
    clock, rng = SimulatedClock(), np.random.default_rng(0)
    pacer, beats = Pacer(clock, 0.1), []
    for _ in range(2000):
        beats.append(pacer.wait())
        clock.sleep_until(clock.now() + rng.exponential(0.1))
    assert np.diff(beats).min() >= 0.05 - 1e-9
    assert pacer.overruns > 100


def test_deadlines_missed_in_a_row_are_forgotten_after_one_that_was_met():
    clock = SimulatedClock()
    pacer = Pacer(clock, 0.1)
    pacer.wait()
    clock.sleep_until(0.4)
    pacer.wait()
    assert (pacer.in_a_row, pacer.overruns) == (3, 3)
    pacer.wait()
    assert (pacer.in_a_row, pacer.overruns) == (0, 3)


def test_a_restart_owes_nothing():
    clock = SimulatedClock()
    pacer = Pacer(clock, 0.1)
    pacer.wait()
    clock.sleep_until(9.0)
    pacer.restart()
    assert (pacer.wait(), pacer.overruns) == (9.0, 0)


def test_real_time_is_kept():
    pacer = Pacer(WallClock(), 0.02)
    beats = [pacer.wait() for _ in range(11)]
    assert beats[-1] - beats[0] >= 0.19
