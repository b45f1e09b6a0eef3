"""The card of a base policy says how it was made, how well it does, and by which command."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from policies.frozen import FrozenPolicy
from zprl_env.base_policies.card import Made, card
from zprl_env.base_policies.recipes import ImitationRecipe
from zprl_env.evaluation import TEST_SEED, EvaluationResult


def result(successes: int) -> EvaluationResult:
    won = np.arange(10) < successes
    return EvaluationResult(TEST_SEED + np.arange(10), won, np.full(10, 30))


@pytest.fixture
def made(point_policy) -> Made:
    return Made(FrozenPolicy.load(point_policy), 50, 31, result(7), result(4))


def test_it_states_demonstrations_success_and_weights(made):
    recipe = ImitationRecipe(episodes=50, skill=0.25, operator_seed=2)
    text = card(made, recipe, env="Point", seed=1, command="python -m x")
    assert text.startswith("# Base policy for Point\n")
    assert "| made by | `python -m x` |" in text
    assert "50 scripted, 31 successful; skill 0.25, operator 2, recording seed 1 |" in text
    assert "70.0% (Wilson 95 %: 39.7% to 89.2%) over 10 episodes" in text
    assert f"seeds {TEST_SEED} to {TEST_SEED + 9} |" in text
    assert f"sha256 `{made.policy.weights_hash}`" in text
    assert "| chunk | horizon 4, n_action_steps 2 |" in text
    assert "not counted" not in text


def test_episodes_that_were_stopped_are_told_of_and_not_counted(made):
    stopped = replace(made, noisy=replace(made.noisy, not_counted={"stop": 2}))
    text = card(stopped, ImitationRecipe(), env="Point", seed=0, command="")
    seeds = f"seeds {TEST_SEED} to {TEST_SEED + 11}; 2 (2 stop) not counted |"
    assert f"over 10 episodes, {seeds}" in text


def test_a_disturbance_is_told_where_there_was_one(made):
    def of(recipe: ImitationRecipe) -> str:
        return card(made, recipe, env="Point", seed=0, command="")

    assert "disturbance 0.25, recording" in of(ImitationRecipe(disturbance=0.25))
    assert "disturbance" not in of(ImitationRecipe())
