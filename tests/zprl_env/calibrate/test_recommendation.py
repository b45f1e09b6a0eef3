"""The largest perturbation that costs no successes."""

from __future__ import annotations

import numpy as np
import pytest

from zprl_env.calibrate.recommendation import loss_p_value, recommend
from zprl_env.calibrate.trial import Trial
from zprl_env.evaluation import EvaluationResult


def trial(scale: float, successes: str) -> Trial:
    """A trial with one character per episode: ``x`` succeeds."""
    won = np.array([letter == "x" for letter in successes])
    return Trial(scale, EvaluationResult(np.arange(len(won)), won, won + 5), scale, 1.0, 0.1)


BASE = trial(0.0, "xxxxxxxx------")


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
    trials = [trial(*pair) for pair in zip((1.0, 2.0, 4.0), outcomes, strict=True)]
    assert recommend(BASE, trials).scale == scale


def test_it_says_what_it_met():
    costly = trial(3.0, "x-------x-----")
    reason = recommend(BASE, [trial(1.0, "xxxxxxxx------"), costly]).reason
    assert "3 breaks 7 episodes and rescues 1." in reason
    nothing = recommend(BASE, [costly])
    assert nothing.scale is None
    assert nothing.reason.endswith("Try smaller --scales.")
    assert recommend(BASE, [trial(1.0, "xxxxxxxxx-----")]).reason.endswith(
        "larger --scales as well."
    )


def test_the_loss_is_tested_against_a_fair_coin():
    assert loss_p_value(0, 0) == 1.0
    assert loss_p_value(1, 3) == pytest.approx((4 + 1) / 16)
