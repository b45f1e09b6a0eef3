"""The largest perturbation that costs no successes."""

from __future__ import annotations

import numpy as np
import pytest

from zprl_env.calibrate.recommendation import difference_interval, loss_p_value, recommend
from zprl_env.calibrate.trial import Trial
from zprl_env.evaluation import EvaluationResult


def trial(scale: float, successes: str) -> Trial:
    """A trial with one character per episode: ``x`` succeeds."""
    won = np.array([letter == "x" for letter in successes])
    return Trial(scale, EvaluationResult(np.arange(len(won)), won, won + 5), scale, 1.0, 0.1)


def longer(outcome: str) -> str:
    """The same outcomes, and as many episodes that nothing changes."""
    return outcome + 23 * "x" + 23 * "-"


BASE = trial(0.0, longer("xxxxxxxx------"))


@pytest.mark.parametrize(
    ("outcomes", "scale"),
    [
        (["xxxxxxxx------", "xxxx----xxxx--", "x-------------"], 2.0),  # as many rescued as broken
        (["xxxxxxx-------", "xxxx----------", "--------------"], 2.0),  # 4 of 4 may be chance
        (["xxxxxxx-------", "xxx-----------", "xxxxxxxxxxxxxx"], 1.0),  # 5 of 5 are not: 1 in 32
        (["xxxxxxxx------", "xxxxxxxx------", "xxxxxxxxxxxxxx"], 4.0),
    ],
)
def test_going_up_it_stops_before_the_first_that_costs_successes(outcomes, scale):
    scales = zip((1.0, 2.0, 4.0), outcomes, strict=True)
    trials = [trial(scale, longer(outcome)) for scale, outcome in scales]
    assert recommend(BASE, trials).scale == scale


def test_it_says_what_it_met():
    costly = trial(3.0, longer("x-------x-----"))
    reason = recommend(BASE, [trial(1.0, longer("xxxxxxxx------")), costly]).reason
    assert "3 breaks 7 episodes and rescues 1." in reason
    nothing = recommend(BASE, [costly])
    assert nothing.scale is None
    assert nothing.reason.endswith("Try smaller --scales.")
    assert recommend(BASE, [trial(1.0, longer("xxxxxxxxx-----"))]).reason.endswith(
        "larger --scales as well."
    )


def test_the_loss_is_tested_against_a_fair_coin():
    assert loss_p_value(0, 0) == 1.0
    assert loss_p_value(1, 3) == pytest.approx((4 + 1) / 16)


@pytest.mark.parametrize(
    ("base", "perturbed"),
    [
        ("xx--", "----"),
        ("xx--", "xx--"),
        ("xxxx", "----"),
        ("xxxx", "xxxx"),
        ("----", "----"),
        ("----", "xxxx"),
        (60 * "-", 60 * "-"),
        ("xxxx" + 56 * "-", 60 * "-"),
        ("xxxxx", "xxxxx"),
        (8 * "x" + 8 * "-", 5 * "x" + 11 * "-"),
    ],
)
def test_too_few_to_tell_recommend_nothing(base, perturbed):
    said = recommend(trial(0.0, base), [trial(1.0, perturbed), trial(2.0, perturbed)])
    assert said.scale is None
    assert said.reason.startswith("Too few episodes to tell: ")
    assert "--episodes" in said.reason


def test_a_policy_that_never_fails_is_told_of():
    said = recommend(trial(0.0, 60 * "x"), [trial(1.0, 60 * "x")])
    assert said.scale == 1.0
    assert said.reason.endswith("never fails, so there is nothing to gain.")


def test_what_cannot_be_told_beyond_the_first_stops_there():
    base, same = 8 * "x" + 8 * "-", 8 * "x" + 8 * "-"
    said = recommend(trial(0.0, base), [trial(1.0, same), trial(2.0, 4 * "x" + 12 * "-")])
    assert said.scale == 1.0
    assert "the largest of which the episodes can tell: at 2 the difference lies between" in (
        said.reason
    )


def test_the_interval_is_newcombe_s():
    # His example of 1998: a, b, c, d of 36, 12, 2, 0.
    first = np.array([True] * 48 + [False] * 2)
    second = np.array([True] * 36 + [False] * 12 + [True] * 2)
    low, high = difference_interval(second, first)
    assert (round(low, 4), round(high, 4)) == (0.0569, 0.3404)
