"""Base and steered policy on identical seeds."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from zprl_env.testing import LinearPolicy
from zprl_env.training.comparison import BASE, Comparison
from zprl_env.training.settings.recipe import Recipe

SCALE = 8.0
RECIPE = replace(Recipe(), scale=SCALE, observation="features")
SEEDS = range(20)


def homing(observation: np.ndarray) -> np.ndarray:
    """An agent that takes the point home: it turns the latent z into -5 z."""
    return -6.0 * observation[:2] / SCALE


@pytest.fixture
def policy() -> LinearPolicy:
    policy = LinearPolicy(3, 2)
    policy._weights = np.eye(2, dtype=np.float32)  # drives the point away from home
    return policy


@pytest.mark.parametrize(
    ("noise", "names"), [("fresh", [BASE]), ("zero", [BASE, f"{BASE}, noise zero"])]
)
def test_the_base_policy_is_played_as_it_was_made_and_as_the_agent_meets_it(
    noise, names, point_task, policy
):
    comparison = Comparison(point_task, policy, "latent", replace(RECIPE, noise=noise))
    with closing(comparison):
        comparison.play_bases(SEEDS)
    assert list(comparison.results) == names
    assert comparison.difference is None
    assert comparison.to_dict()["paired_difference"] is None


def test_the_steered_policy_is_compared_with_the_better_base(point_task, policy):
    comparison = Comparison(point_task, policy, "latent", replace(RECIPE, noise="zero"))
    with closing(comparison):
        comparison.play_bases(SEEDS)
        comparison.play_steered("steered", homing, SEEDS)
    *bases, steered = comparison.results.values()
    for result in comparison.results.values():
        np.testing.assert_array_equal(result.seeds, SEEDS)
    assert steered.success_rate > 0.9
    best = max(base.success_rate for base in bases)
    difference = comparison.difference
    assert difference is not None
    assert difference.difference == pytest.approx(steered.success_rate - best)
    assert difference.p_value < 0.01
    content = comparison.to_dict()
    assert list(content["test"]) == [BASE, f"{BASE}, noise zero", "steered"]
    assert content["paired_difference"]["gained"] == difference.gained


def test_the_same_seeds_are_the_same_episodes(point_task, policy):
    def play() -> list[dict]:
        with closing(Comparison(point_task, policy, "latent", RECIPE)) as comparison:
            comparison.play_bases(SEEDS)
            return [result.to_dict() for result in comparison.results.values()]

    assert play() == play()
