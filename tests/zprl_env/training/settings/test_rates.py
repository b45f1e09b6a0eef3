"""Stored rates tell how long a run takes, before anything of it was measured."""

from __future__ import annotations

from dataclasses import replace

import pytest

from zprl_env.training.settings.rates import seconds_per_step, steps_per_second
from zprl_env.training.settings.recipe import Recipe, recipe_for


@pytest.mark.parametrize(
    ("env", "rate"),
    [("Lift", 900), ("ZPRL-Lift-v0", 900), ("Can", 400), ("hammer", 2000), ("Pendulum-v1", 1000)],
)
def test_a_task_has_its_own_rate_or_its_suite_s(env, rate):
    assert steps_per_second(env) == rate


def test_gradient_steps_cost_time_and_chunks_share_them():
    usual = seconds_per_step("sac", Recipe(), 900)
    assert seconds_per_step("sac", replace(Recipe(), updates_per_decision=1), 900) < usual
    assert seconds_per_step("sac", replace(Recipe(), n_action_steps=4), 900) > usual
    assert seconds_per_step("sac", replace(Recipe(), updates_per_decision=0), 900) == 1 / 900


def test_on_policy_methods_learn_faster_by_the_clock():
    ppo = recipe_for("ppo", "default", "latent", "Lift")
    assert seconds_per_step("ppo", ppo, 900) < 0.5 * seconds_per_step("sac", Recipe(), 900)
