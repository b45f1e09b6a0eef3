"""The beat is measured as it is: with gaps where the arm waits, and without where it does not."""

from __future__ import annotations

import pytest

from benchmarks.ahead import beat
from zprl_env.ahead.delay import check_delay


@pytest.mark.parametrize("rate", beat.RATES)
@pytest.mark.parametrize("milliseconds", beat.POLICIES)
def test_the_delay_covers_the_policy_and_the_chunk_the_delay(rate, milliseconds):
    delay, steps = beat.settings(rate, milliseconds)
    assert delay / rate > 1e-3 * milliseconds
    check_delay(delay, steps, steps + delay)


def test_a_policy_that_takes_its_time_leaves_a_gap_unless_it_is_asked_ahead():
    sync, ahead = (beat.measure(kind, 30, 60, seconds=1.0) for kind in beat.KINDS)
    assert sync["max_ms"] > 60.0
    assert (sync["delay"], ahead["delay"]) == (0, 3)
    assert ahead["irregular"] <= sync["irregular"] + 2  # of a machine that is busy with tests
    assert sync["commands"] >= 50
