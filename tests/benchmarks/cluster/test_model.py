"""The cost model says what saturates first, and nothing that was not put in."""

from __future__ import annotations

import pytest

from benchmarks.cluster.model import (
    Costs,
    alone,
    costs_table,
    efficiency,
    predict,
    prediction_table,
)

COSTS = Costs(
    decision=0.010,
    update=0.005,
    stored=0.0001,
    request=0.0016,
    per_request=8,
    answer=6_000,
    handout=350_000,
    env_steps=8,
)
CONTENT = {
    "task": "Lift",
    "costs": COSTS._asdict(),
    "collected_per_second": {"1": 90.0, "2": 150.0},
    "machine": {"cores": 2},
}


def test_four_updates_per_decision_saturate_the_learner_and_one_the_workers():
    four, one = (predict(COSTS, 1, ratio) for ratio in (4, 0.25))
    assert four.first == "updates"
    assert four.decisions == pytest.approx(1 / (4 * 0.005 + 0.0003))
    assert four.share == 1.0
    assert one.first == "workers"
    assert one.decisions == pytest.approx(100)
    assert one.share == pytest.approx(100 * (0.25 * 0.005 + 0.0003))


def test_bytes_are_those_of_answers_and_of_weights_no_more_often_than_they_are_new():
    few = predict(COSTS, 1, 0.1)
    requests = few.decisions / 8
    assert few.megabytes == pytest.approx((requests * 6_000 + 4 * 350_000) / 1e6)


def test_a_faster_learner_is_limited_by_what_it_stores():
    fast = predict(COSTS, 10_000, 1, update=1e-5)
    assert fast.first == "storing"
    assert fast.decisions == pytest.approx(1 / (1e-5 + 0.0003))


def test_the_share_that_was_reached_is_fitted_and_enters_the_prediction():
    assert alone(COSTS, 1, cores=2) == pytest.approx(100)
    assert alone(COSTS, 4, cores=2) == pytest.approx(2 / 0.0102)
    reached = efficiency(CONTENT)
    assert reached == pytest.approx((90 / 100 + 150 / (2 / 0.0102)) / 2)
    assert predict(COSTS, 1, 0, efficiency=reached).decisions == pytest.approx(100 * reached)


def test_the_tables_have_all_of_it():
    assert "1: 90 (100), 2: 150 (196)" in costs_table([CONTENT])
    table = prediction_table(CONTENT)
    assert table.count("\n") >= 2 + 2 * 3 * 3
    assert "5.0 ms (measured)" in table
    assert "0.5 ms (a GPU, assumed)" in table
