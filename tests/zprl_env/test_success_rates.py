"""Intervals and paired tests, against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from zprl_env.success_rates import paired_difference, wilson_interval


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
