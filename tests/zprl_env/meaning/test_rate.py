"""Rates of a policy's data and of an environment are compared where both are known."""

from __future__ import annotations

import warnings
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from stable_baselines3.common.vec_env import DummyVecEnv

from zprl_env import ActionChunkWrapper, LatentSteeringWrapper, SteeringVecEnv, make_env
from zprl_env.errors import TaskMismatchWarning
from zprl_env.meaning.rate import control_rate, trained_rate
from zprl_env.testing import LinearPolicy, check_policy


class Timed(gym.Wrapper):
    """An environment that says its rate in one of the ways that there are."""

    def __init__(self, **says):
        env: Any = gym.make("Pendulum-v1").unwrapped
        del env.dt
        env.metadata = says.pop("metadata", {})
        for name, value in says.items():
            setattr(env, name, value)
        super().__init__(env)


@pytest.mark.parametrize(
    ("says", "rate"),
    [
        ({"control_freq": 20}, 20.0),
        ({"control_hz": 10}, 10.0),
        ({"dt": 0.02}, 50.0),
        ({"metadata": {"render_fps": 15}}, 15.0),
        ({"control_hz": 10, "metadata": {"render_fps": 30}}, 10.0),
        ({"dt": 0.01, "metadata": {"render_fps": 10}}, 10.0),
        ({"dt": 0.0, "metadata": {"render_fps": True}}, None),
        ({"dt": "fast"}, None),
    ],
)
def test_an_environment_says_it_in_many_ways(says, rate):
    assert control_rate(Timed(**says)) == rate


def test_suites_say_it():
    assert control_rate(make_env("box-close")) == 80.0
    assert control_rate(make_env("Real")) == 30.0


@pytest.mark.parametrize("said", [None, 0, -1, True, "30", float("nan"), float("inf")])
def test_what_is_no_rate_is_none(said):
    policy: Any = LinearPolicy(3, 1)
    policy.metadata = {"rate": said}
    assert trained_rate(policy) is None


def policy_of(rate):
    policy: Any = LinearPolicy(3, 1)
    policy.metadata = {"rate": rate}
    return policy


@pytest.mark.parametrize("rate", [20, 20.02])
def test_rates_that_agree_are_not_told(rate):
    with warnings.catch_warnings():
        warnings.simplefilter("error", TaskMismatchWarning)
        LatentSteeringWrapper(gym.make("Pendulum-v1"), policy_of(rate))


def test_rates_that_differ_are_told_with_both_sides():
    with pytest.warns(TaskMismatchWarning, match=r"rate \[Hz\] 50 and 20"):
        LatentSteeringWrapper(gym.make("Pendulum-v1"), policy_of(50))
    envs = DummyVecEnv([lambda: ActionChunkWrapper(gym.make("Pendulum-v1"), 2)])
    with pytest.warns(TaskMismatchWarning, match=r"rate \[Hz\] 10 and 20"):
        SteeringVecEnv(envs, policy_of(10), scale=np.float64(0.5))
    (note,) = check_policy(policy_of(50), gym.make("Pendulum-v1"))
    assert "rate [Hz] 50 and 20" in note
