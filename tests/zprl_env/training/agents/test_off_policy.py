"""What a recipe means to an algorithm with a replay buffer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from stable_baselines3.common.vec_env import DummyVecEnv

from tests.helpers.recording_env import RecordingEnv
from zprl_env import ActionChunkWrapper, SteeringVecEnv
from zprl_env.testing import LinearPolicy
from zprl_env.training.agents.off_policy import off_policy_arguments
from zprl_env.training.agents.replay import AlternatingReplayBuffer, ChunkReplayBuffer
from zprl_env.training.settings.recipe import Recipe
from zprl_env.vectorised.alternating import AlternatingVecEnv


def steered(size: int = 3) -> SteeringVecEnv:
    envs = DummyVecEnv([lambda: ActionChunkWrapper(RecordingEnv(), 2)] * size)
    return SteeringVecEnv(envs, LinearPolicy(3, 2), scale=0.5)


@pytest.fixture
def recipe() -> Recipe:
    return replace(Recipe(), updates_per_decision=2, gamma=0.9, n_steps=3)


def test_updates_are_counted_by_decision_or_by_episode(recipe):
    by_decision = off_policy_arguments(recipe, steered())
    assert (by_decision["gradient_steps"], by_decision["train_freq"]) == (6, (1, "step"))
    by_episode = off_policy_arguments(replace(recipe, updates_per_episode=150), steered(1))
    assert (by_episode["gradient_steps"], by_episode["train_freq"]) == (150, (1, "episode"))


def test_the_buffer_discounts_by_the_environment_step(recipe):
    arguments = off_policy_arguments(recipe, steered())
    assert arguments["replay_buffer_class"] is ChunkReplayBuffer
    assert arguments["replay_buffer_kwargs"].items() >= {"gamma": 0.9, "n_steps": 3}.items()
    halves = AlternatingVecEnv(steered(1), steered(1))
    alternating = off_policy_arguments(recipe, halves)
    assert alternating["replay_buffer_class"] is AlternatingReplayBuffer


def test_noise_on_actions_has_the_recipe_s_size_or_is_none(recipe):
    assert (
        off_policy_arguments(replace(recipe, action_noise=0.0), steered())["action_noise"] is None
    )
    noise = off_policy_arguments(replace(recipe, action_noise=0.3), steered())["action_noise"]
    np.random.seed(0)  # noqa: NPY002  # Stable-Baselines3 draws from the global generator
    drawn = np.array([noise() for _ in range(2000)])
    assert drawn.shape == (2000, 2)
    assert drawn.std() == pytest.approx(0.3, rel=0.05)


@pytest.mark.parametrize(
    ("ratio", "num_envs", "expected"), [(7.5, 1, (2, 15)), (7.5, 4, (1, 30)), (0.25, 3, (4, 3))]
)
def test_fractions_of_updates_come_every_few_decisions(recipe, ratio, num_envs, expected):
    arguments = off_policy_arguments(replace(recipe, updates_per_decision=ratio), steered(num_envs))
    assert (arguments["train_freq"], arguments["gradient_steps"]) == (
        (expected[0], "step"),
        expected[1],
    )
