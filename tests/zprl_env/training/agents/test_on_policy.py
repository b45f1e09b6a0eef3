"""What a recipe means to an algorithm that learns from each rollout once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stable_baselines3.common.vec_env import DummyVecEnv

from tests.helpers.recording_env import RecordingEnv
from zprl_env.training.agents.on_policy import on_policy_arguments
from zprl_env.training.settings.recipe import Recipe


@pytest.mark.parametrize(("envs", "steps"), [(1, 100), (3, 33), (200, 1)])
def test_a_rollout_s_decisions_are_shared_by_the_environments(envs, steps):
    recipe = replace(Recipe(), rollout_decisions=100)
    arguments = on_policy_arguments(recipe, DummyVecEnv([RecordingEnv] * envs))
    assert arguments["n_steps"] == steps


def test_epochs_are_those_of_the_critic_too_where_an_algorithm_has_them():
    arguments = on_policy_arguments(replace(Recipe(), n_epochs=7), DummyVecEnv([RecordingEnv]))
    assert (arguments["n_epochs"], arguments["n_critic_updates"]) == (7, 7)


def test_a_limit_on_gradients_is_the_library_s_own_unless_one_is_given():
    env = DummyVecEnv([RecordingEnv])
    assert "max_grad_norm" not in on_policy_arguments(replace(Recipe(), max_grad_norm=None), env)
    assert on_policy_arguments(replace(Recipe(), max_grad_norm=0.7), env)["max_grad_norm"] == 0.7
