"""Latency counts from the cause until the arms stand still for good."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.stopping.causes import CAUSES
from benchmarks.stopping.latency import TRIALS, Trial, _rest, measure, trials


def test_every_cause_with_a_moment_is_tried_in_every_phase_it_can_come_in():
    listed = trials(0.1)
    assert len(listed) == len({*listed})
    assert {one.robot for one in listed} == {*TRIALS}
    assert {one.cause for one in listed} == {
        n for n, c in CAUSES.items() if c.timed and True in c.times
    }
    assert ("policy NaN", "homing") not in {one[:2] for one in listed}
    assert len(trials()) > 1.5 * len(listed)


def test_rest_is_after_the_last_motion():
    times = np.arange(10) / 10
    speeds = np.array([0.3, 0.3, 0.3, 0.2, 0.0, 0.1, 0.0, 0.0, 0.0, 0.0])
    seen = np.column_stack([times, speeds])
    assert _rest(seen, 0.2, 0.01) == pytest.approx(0.3)
    assert _rest(seen, 0.55, 0.01) is None


@pytest.mark.slow
@pytest.mark.parametrize("cause", ["SPACE", "SIGTERM"])
def test_a_stop_in_a_chunk_takes_less_than_it_takes_to_brake(cause):
    tries = (measure(Trial(cause, "chunk", "coasting, real time", seed)) for seed in range(8))
    measured = next(one for one in tries if one["happened"] and one["moving"])
    assert 0.0 < measured["latency"] < 1.0  # on a busy machine
