"""A recorded environment says its rate, names and arguments, as far as it knows them."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from zprl_env.experts.recorded import RecordedEnvironment, trajectory_of


class Silent(RecordedEnvironment):
    def __init__(self, env: gym.Env, **env_kwargs: Any) -> None:
        self.env, self.task, self.env_kwargs = env, "Silent-v0", env_kwargs

    def perform(self, seed: int) -> Any:
        raise NotImplementedError


class Says(gym.Wrapper):
    env_args = {"env_name": "Says", "env_kwargs": {"control_freq": 20}}  # noqa: RUF012
    observation_keys = {"angle": slice(0, 2), "speed": slice(2, 3)}  # noqa: RUF012


def test_an_environment_that_says_nothing_is_one_part_with_gymnasium_s_rate():
    stage = Silent(gym.make("Pendulum-v1"), g=9.0)
    assert stage.observation_keys == {"observation": slice(0, 3)}
    made = {"env_name": "Silent-v0", "type": 2, "env_kwargs": {"g": 9.0}}
    assert stage.env_args == made | {"rate": 20.0}  # of its dt, where its films have 30 a second
    assert stage.rate == 20.0
    assert (stage.cameras, stage.felt_keys, stage.reference(), stage.pictures()) == ((), (), {}, {})
    stage.env.unwrapped.dt = None  # type: ignore[attr-defined]
    assert stage.rate == 30.0
    stage.env.unwrapped.metadata = {}
    assert (stage.rate, stage.env_args) == (None, made)


def test_what_it_says_comes_first():
    stage = Silent(Says(gym.make("Pendulum-v1")))
    assert stage.rate == 20.0
    assert [*stage.observation_keys] == ["angle", "speed"]
    assert stage.env_args["env_name"] == "Says"


@pytest.mark.parametrize("success", [True, False])
def test_an_episode_ends_with_its_last_step(success):
    made = trajectory_of({"x": np.zeros((3, 2))}, np.zeros((3, 1)), np.zeros(3), success, {})
    assert made.dones.tolist() == [False, False, True]
    assert made.success is success
