"""The environments of a run, from its recipe."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.helpers.recording_env import RecordingEnv
from zprl_env.errors import SimulationError
from zprl_env.steering.table import STEERINGS
from zprl_env.testing import LinearPolicy
from zprl_env.training.environment import (
    evaluation_env,
    make_training_envs,
    shape_reward,
)
from zprl_env.training.settings.recipe import Recipe

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("where", STEERINGS)
def test_evaluation_acts_from_the_latent_s_mean(where):
    recipe = replace(Recipe(), sample_latent=True, observation="features")
    env = evaluation_env(RecordingEnv(), LinearPolicy(3, 2), where, recipe)
    assert isinstance(env, STEERINGS[where].wrapper)
    observation, _ = env.reset(seed=0)
    np.testing.assert_array_equal(observation[-2:], observation[:2])


@pytest.mark.parametrize("where", STEERINGS)
@pytest.mark.parametrize("sample_latent", [True, False])
def test_training_draws_the_latent_where_the_recipe_says_so(where, sample_latent, point_task):
    recipe = replace(Recipe(), sample_latent=sample_latent)
    policy = LinearPolicy(3, 2)
    envs = make_training_envs(point_task, policy, where, recipe, num_envs=1, seed=0)
    (observation,) = envs.reset()
    assert np.array_equal(observation[-2:], observation[:2]) is not sample_latent
    assert type(envs.steering) is STEERINGS[where].core


def test_the_recipe_reaches_the_steering(point_task):
    recipe = replace(
        Recipe(), scale=0.7, n_action_steps=3, gamma=0.9, noise="fresh:0.25", observation="both"
    )
    policy = LinearPolicy(3, 2)
    for env in (
        evaluation_env(RecordingEnv(), policy, "latent", recipe),
        make_training_envs(point_task, policy, "latent", recipe, num_envs=1, seed=0),
    ):
        assert env.discount == pytest.approx(0.9**3)
        assert env.steering.noise == "fresh:0.25"
        assert env.steering.n_action_steps == 3
        assert env.observation_space.shape == (3 + 3 + 2,)
        np.testing.assert_allclose(vars(env.steering)["scale"], [0.7, 0.7])


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"reward": "sparse"}, (0.0, 1.0)),
        ({"reward": "sparse", "reward_scale": 5.0}, (0.0, 5.0)),
        ({"reward": "penalty"}, (-1.0, 0.0)),
        ({"reward": "penalty", "reward_scale": 0.5}, (-0.5, 0.0)),
    ],
)
def test_the_agent_s_reward(settings, expected):
    for sparse, shaped in zip((0.0, 1.0), expected, strict=True):
        env = shape_reward(RecordingEnv(reward=sparse), replace(Recipe(), **settings))
        env.reset(seed=0)
        assert env.step(np.zeros(2, np.float32))[1] == shaped


def test_a_process_that_cannot_make_its_environment_is_told_of():
    name, policy = "tests.helpers.point:NoSuchEnv", LinearPolicy(3, 2)
    with pytest.raises(SimulationError, match=r"Environment 0: unknown environment.*'NoSuchEnv'"):
        make_training_envs(name, policy, "latent", Recipe(), num_envs=2, seed=0)


def test_processes_make_a_task_that_only_this_one_registered(point_task):
    envs = make_training_envs(
        point_task, LinearPolicy(3, 2), "latent", Recipe(), num_envs=2, seed=0
    )
    assert envs.reset().shape == (2, 5)
    envs.close()


def test_training_environments_are_seeded(point_task):
    def first(seed: int) -> np.ndarray:
        policy = LinearPolicy(3, 2)
        envs = make_training_envs(point_task, policy, "latent", Recipe(), num_envs=1, seed=seed)
        return envs.reset()

    np.testing.assert_array_equal(first(3), first(3))
    assert not np.array_equal(first(3), first(4))
