"""Statistics over seeds agree with closed forms, and with scipy's, which rliable's are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from benchmarks.matrix.scores import area, bootstrap, interquartile_mean, mean, rolling


def test_the_area_is_the_mean_over_steps_of_what_the_last_episodes_did():
    ends, successes = [100, 300, 400], [1, 0, 1]
    assert area(ends, successes, 0, 400, window=1) == pytest.approx((1 * 200 + 0 * 100) / 300)
    assert area(ends, successes, 200, 500, window=1) == pytest.approx((100 * 1 + 100 * 1) / 300)
    assert area(ends, successes, 100, 400, window=2) == pytest.approx((200 * 1 + 100 * 0.5) / 300)


def test_an_episode_that_ends_after_the_budget_does_not_count():
    assert area([100, 900], [1, 0], 0, 500, window=1) == 1.0


def test_the_rolling_success_counts_a_short_beginning_as_it_is():
    assert rolling([1, 1, 0, 0, 0], window=2).tolist() == [1.0, 1.0, 0.5, 0.0, 0.0]


@pytest.mark.parametrize("size", [1, 3, 4, 7, 18])
def test_the_interquartile_mean_is_the_trimmed_mean_of_scipy(size):
    scores = np.random.default_rng(size).normal(size=size)
    assert interquartile_mean(scores) == pytest.approx(stats.trim_mean(scores, 0.25))


def test_the_interval_of_a_mean_is_the_normal_one_for_many_scores():
    scores = np.random.default_rng(0).normal(size=400)
    low, high = bootstrap([scores.tolist()])
    half = 1.96 * scores.std() / 20
    assert (low, high) == pytest.approx((scores.mean() - half, scores.mean() + half), abs=0.01)


def test_tasks_are_resampled_by_themselves():
    # Two tasks of equal seeds each: no resampling changes anything, though their scores differ.
    assert bootstrap([[0.0, 0.0], [1.0, 1.0]], mean) == (0.5, 0.5)
