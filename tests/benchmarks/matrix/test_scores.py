"""Statistics over seeds agree with closed forms, and with scipy's, which rliable's are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from benchmarks.matrix.scores import (
    area,
    bootstrap,
    interquartile_mean,
    lowest,
    mean,
    rolling,
    steps_to,
)


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


RUNS = np.array(
    [
        [0.1, 0.5, 0.9],
        [0.3, 0.4, 1.0],
        [0.2, 0.9, 0.8],
        [0.6, 0.7, 0.95],
        [0.0, 0.55, 0.85],
        [0.45, 0.65, 0.7],
    ]
)
"""Scores of six runs, on three tasks."""


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:random_state is deprecated:FutureWarning")
def test_the_interquartile_mean_and_its_interval_are_those_of_rliable_where_it_is_installed():
    library = pytest.importorskip("rliable.library")
    metrics = pytest.importorskip("rliable.metrics")
    points, intervals = library.get_interval_estimates(
        {"ours": RUNS},
        lambda scores: np.array([metrics.aggregate_iqm(scores)]),
        reps=20_000,
        random_state=np.random.RandomState(0),
    )
    assert interquartile_mean(RUNS.ravel()) == pytest.approx(points["ours"][0])
    interval = bootstrap(RUNS.T.tolist(), interquartile_mean, draws=20_000)
    assert interval == pytest.approx(intervals["ours"].ravel(), abs=0.006)


def test_the_interquartile_mean_and_its_interval_are_rliable_s():
    """Six runs of three tasks, as rliable 1.2.0 computes them in an environment of its own.

    pip install rliable==1.2.0 arch==7.2.0 "pandas<3", and then
    library.get_interval_estimates({"a": scores}, lambda x: np.array([metrics.aggregate_iqm(x)]),
    reps=50000, random_state=np.random.RandomState(0)) gives 0.62 and [0.53, 0.71].
    """
    assert interquartile_mean(RUNS.ravel()) == pytest.approx(0.62)
    interval = bootstrap(RUNS.T.tolist(), interquartile_mean, draws=50_000)
    assert interval == pytest.approx((0.53, 0.71), abs=0.004)


def test_a_rate_counts_as_reached_once_a_whole_window_has_it():
    ends = [10, 20, 30, 40, 50]
    assert steps_to(ends, [1, 1, 0, 1, 1], rate=1.0, window=2) == 20
    assert steps_to(ends, [1, 0, 0, 1, 1], rate=1.0, window=2) == 50
    assert steps_to(ends, [1, 0, 1, 0, 1], rate=1.0, window=2) is None
    assert steps_to(ends, [1, 1, 1, 1, 1], window=9) is None


def test_the_lowest_success_is_that_of_a_whole_window():
    assert lowest([0, 1, 1, 1], window=3) == pytest.approx(2 / 3)
    assert lowest([0, 1], window=3) == 0.5
