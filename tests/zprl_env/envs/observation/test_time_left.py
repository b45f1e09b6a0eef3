"""An agent that sees how much time is left, by a policy that does not."""

from __future__ import annotations

from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest

from tests.helpers.point import PointEnv
from zprl_env.envs.observation.time_left import TimeLeftObservation, TimeLeftPolicy
from zprl_env.errors import ConfigurationError
from zprl_env.testing import LinearPolicy, check_policy
from zprl_env.training.environment import evaluation_env, make_training_envs
from zprl_env.training.settings.recipe import Recipe


def test_time_goes_from_one_to_zero_and_begins_anew():
    env = TimeLeftObservation(gym.wrappers.TimeLimit(PointEnv(), 4))
    for _ in range(2):
        observation, _ = env.reset(seed=0)
        left = [observation[-1]]
        over = False
        while not over:
            observation, _, _, over, _ = env.step(np.zeros(2))
            left.append(observation[-1])
        np.testing.assert_allclose(left, [1.0, 0.75, 0.5, 0.25, 0.0])


def test_without_a_time_limit_there_is_no_such_thing():
    with pytest.raises(ConfigurationError, match=r"time limit\. Got: Box.* None\. Wrap"):
        TimeLeftObservation(PointEnv())


def test_the_policy_decides_as_it_does_without_it():
    policy = LinearPolicy(3, 2)
    timed = TimeLeftPolicy(policy)
    seen = np.arange(8, dtype=np.float32).reshape(2, 4)
    features, mean, _ = timed.encode(seen)
    np.testing.assert_array_equal(features[:, :-1], policy.encode(seen[:, :3])[0])
    np.testing.assert_array_equal(features[:, -1], seen[:, 3])
    np.testing.assert_array_equal(mean, policy.encode(seen[:, :3])[1])
    check_policy(timed, TimeLeftObservation(gym.wrappers.TimeLimit(PointEnv(), 20)))


def test_training_and_evaluation_show_the_same(point_task):
    recipe, policy = replace(Recipe(), time_left=True), LinearPolicy(3, 2)
    envs = make_training_envs(point_task, policy, "latent", recipe, num_envs=1, seed=7)
    single = evaluation_env(gym.make("ZPRL-Point-v0"), policy, "latent", recipe)
    assert envs.observation_space == single.observation_space
    assert single.observation_space.shape == (4 + 2,)
    first, _ = single.reset(seed=7)
    assert envs.reset()[0][3] == first[3] == 1.0
    after, *_ = single.step(np.zeros(2))
    seen, *_ = envs.step(np.zeros((1, 2), np.float32))
    assert seen[0][3] == after[3] == np.float32(0.9)
