"""Updates per decision are the recipe's, whoever decides and however fast."""

from __future__ import annotations

from dataclasses import replace

import pytest

from zprl_env import ConfigurationError
from zprl_env.training.collecting.ratio import COURSE, Ratio, check_max_age
from zprl_env.training.settings.recipe import Recipe

RECIPE = Recipe(updates_per_decision=7.5, warmup_decisions=100)


@pytest.mark.parametrize(
    ("decisions", "updates", "owed"), [(99, 0, 0), (100, 0, 0), (102, 0, 15), (103, 15, 7)]
)
def test_nothing_is_owed_for_the_warm_up_and_the_recipe_s_ratio_from_then_on(
    decisions, updates, owed
):
    assert Ratio(RECIPE, 8).owed(decisions, 0, updates) == owed


def test_a_robot_s_updates_are_counted_by_episodes():
    ratio = Ratio(replace(RECIPE, updates_per_episode=200), 1)
    assert ratio.owed(150, 3, 500) == 100
    assert ratio.holds(201)
    assert not ratio.holds(200)


def test_workers_wait_once_a_course_of_everybody_s_is_to_be_learned_from():
    ratio = Ratio(RECIPE, 8)
    assert not ratio.holds(int(7.5 * COURSE * 8))
    assert ratio.holds(int(7.5 * COURSE * 8) + 1)


def test_a_bound_of_ages_that_would_drop_nearly_everything_is_refused():
    ratio = Ratio(RECIPE, 8)
    assert check_max_age(None, ratio) == ratio.usual_max_age > ratio.of_all_under_way
    assert check_max_age(5_000, ratio) == 5_000
    with pytest.raises(ConfigurationError, match=r"max_age must be at least 961 .*Got: 100"):
        check_max_age(100, ratio)
