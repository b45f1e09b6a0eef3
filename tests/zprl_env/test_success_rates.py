"""Intervals and paired tests, against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from zprl_env.success_rates import (
    fewest_to_show,
    needed,
    paired_difference,
    verdict,
    wilson_interval,
)


@pytest.mark.parametrize(("wins", "played"), [(0, 10), (7, 10), (50, 100), (100, 100)])
def test_the_wilson_interval_is_wilsons(wins, played):
    z, p = 1.959963984540054, wins / played
    middle = (p + z**2 / (2 * played)) / (1 + z**2 / played)
    half = z / (1 + z**2 / played) * math.sqrt(p * (1 - p) / played + z**2 / (4 * played**2))
    low, high = wilson_interval(wins, played)
    assert (low, high) == pytest.approx((middle - half, middle + half))


def test_the_paired_test_counts_only_the_episodes_that_differ():
    first = np.array([True] * 40 + [False] * 10)
    second = np.array([True] * 40 + [True] * 8 + [False] * 2)
    result = paired_difference(first, second)
    assert (result.gained, result.lost) == (8, 0)
    assert result.difference == pytest.approx(8 / 50)
    assert result.p_value == pytest.approx(2 * 0.5**8)


def test_policies_that_never_differ_are_told_apart_by_nothing():
    same = np.array([True, False, True])
    assert paired_difference(same, same) == (0.0, 0, 0, 1.0)


@pytest.mark.parametrize("count", [1, 5, 6, 30, 100])
def test_the_tone_follows_what_was_shown(count):
    none, all_ = np.zeros(count, bool), np.ones(count, bool)
    shown = count >= fewest_to_show()
    better, worse = paired_difference(none, all_), paired_difference(all_, none)
    assert verdict(better, count).startswith("Better: " if shown else "No difference that ")
    assert verdict(worse, count).startswith("Worse: " if shown else "No difference that ")
    assert verdict(paired_difference(all_, all_), count).startswith("No difference that ")
    for difference in (better, worse):
        assert (needed(difference, count) is None) == shown


def test_a_verdict_gives_the_paired_numbers_and_fits_a_terminal():
    first = np.array([0, 0, 0, 0, 0, 0, 0, 0, 1] * 11, bool)
    second = ~first
    said = verdict(paired_difference(first, second), 99)
    assert said.startswith("Better: 88 of 99 episodes gained, 11 lost (+78 points, p = ")
    assert len(said) <= 80
