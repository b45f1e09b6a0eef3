"""The environments of a run, from its recipe."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.zprl_env.recording_env import RecordingEnv
from zprl_env.errors import SimulationError
from zprl_env.testing import LinearPolicy
from zprl_env.training.environment import make_training_envs, shape_reward, steer
from zprl_env.training.recipe import Recipe
from zprl_env.wrapper import STEERING_WRAPPERS


@pytest.mark.parametrize("where", STEERING_WRAPPERS)
def test_evaluation_acts_from_the_latent_s_mean(where):
    recipe = replace(Recipe(), sample_latent=True, observation="features")
    policy = LinearPolicy(3, 2)
    for evaluation in (True, False):
        env = steer(RecordingEnv(), policy, where, recipe, evaluation=evaluation)
        assert isinstance(env, STEERING_WRAPPERS[where])
        observation, _ = env.reset(seed=0)
        at_the_mean = np.array_equal(observation[-2:], observation[:2])
        assert at_the_mean is evaluation


def test_the_recipe_reaches_the_steering():
    recipe = replace(
        Recipe(), scale=0.7, n_action_steps=3, gamma=0.9, noise_scale=0.25, observation="both"
    )
    env = steer(RecordingEnv(), LinearPolicy(3, 2), "latent", recipe, evaluation=False)
    assert env.discount == pytest.approx(0.9**3)
    assert env.steering.noise_scale == 0.25
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


def test_a_process_that_cannot_make_its_environment_is_told_of(point_task):
    # The task was put into the table of this process alone.
    with pytest.raises(SimulationError, match=r"One has ended; .* Try --num-envs 1\."):
        make_training_envs(point_task, LinearPolicy(3, 2), "latent", Recipe(), num_envs=2, seed=0)


def test_training_environments_are_seeded(point_task):
    def first(seed: int) -> np.ndarray:
        policy = LinearPolicy(3, 2)
        envs = make_training_envs(point_task, policy, "latent", Recipe(), num_envs=1, seed=seed)
        return envs.reset()

    np.testing.assert_array_equal(first(3), first(3))
    assert not np.array_equal(first(3), first(4))


class ThreadCountingPolicy(LinearPolicy):
    """Its features say how many threads it may use."""

    def encode(self, observations):
        encoding = super().encode(observations)
        return encoding._replace(features=np.full_like(encoding.features, torch.get_num_threads()))


def test_processes_compute_with_as_many_threads_as_they_are_told(monkeypatch):
    pytest.importorskip("metaworld")
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    policy = ThreadCountingPolicy(39, 4)
    envs = make_training_envs("reach", policy, "latent", Recipe(), num_envs=2, seed=0)
    with closing(envs):
        assert (envs.reset()[:, :-2] == 3).all()
