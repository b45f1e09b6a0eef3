"""A delay is stated, fits into a chunk, and is held against what is measured."""

from __future__ import annotations

import pytest

from zprl_env.ahead.delay import ENOUGH, WARM_UP, WINDOW, Latency, check_delay, stated_delay
from zprl_env.errors import ConfigurationError


@pytest.mark.parametrize(
    ("inference", "delay", "rate", "stated"),
    [(None, None, 30, 0), ("ahead", None, 10, 1), ("ahead", None, 60, 4), ("ahead", 7, 30, 7)],
)
def test_a_delay_is_stated_in_actions(inference, delay, rate, stated):
    assert stated_delay(inference, delay, rate) == stated


@pytest.mark.parametrize(
    ("inference", "delay", "words"),
    [
        ("later", None, r"inference must be one of sync, ahead\. Got: 'later'"),
        ("sync", 2, r"delay must come with inference='ahead'\. Got: 2"),
        ("ahead", 0, r"at least 1\. Got: 0"),
        ("ahead", 1.5, r"at least 1\. Got: 1\.5"),
        ("ahead", True, r"at least 1\. Got: True"),
    ],
)
def test_an_impossible_delay_is_refused(inference, delay, words):
    with pytest.raises(ConfigurationError, match=words):
        stated_delay(inference, delay, 30)


@pytest.mark.parametrize(("delay", "steps"), [(0, 16), (1, 15), (6, 10), (8, 8)])
def test_a_chunk_has_room_for_its_delay_before_and_after(delay, steps):
    check_delay(delay, steps, 16)


@pytest.mark.parametrize(
    ("delay", "steps", "advice"),
    [
        (1, 16, r"delay 1, n_action_steps 16, horizon 16\. Try n_action_steps from 1 to 15"),
        (7, 6, r"Try n_action_steps from 7 to 9"),
        (9, 9, r"A horizon of 16 has room for 8"),
    ],
)
def test_a_delay_that_leaves_no_room_is_refused(delay, steps, advice):
    with pytest.raises(ConfigurationError, match=advice):
        check_delay(delay, steps, 16)


def test_the_first_slow_decisions_are_left_out_and_an_outlier_is_forgotten():
    latency = Latency(period=0.1)
    for _ in range(WARM_UP):
        latency.add(30.0)
    assert latency.p99 is None
    for _ in range(ENOUGH):
        latency.add(0.15)
    assert latency.needed == 2
    latency.add(5.0)
    assert latency.needed == 41  # of so few the largest is nearly the 99th percentile
    for _ in range(WINDOW):
        latency.add(0.05)
    assert latency.needed == 1
