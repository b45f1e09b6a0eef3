"""A policy that acts otherwise than when the run began is refused, whatever its weights say."""

from __future__ import annotations

import json
from typing import ClassVar

import gymnasium as gym
import numpy as np
import pytest

from policies.foreign import ForeignPolicy
from policies.foreign.testing import LineGenerator
from zprl_env import LatentSteeringWrapper
from zprl_env.envs.observation.time_left import TimeLeftObservation, TimeLeftPolicy
from zprl_env.files import RunFolderError
from zprl_env.loading.resolve import resolve_policy
from zprl_env.testing import LinearPolicy, Reach
from zprl_env.training.run.golden import GOLDEN_FILE, check_golden, keep_golden


class Denormalised(LinearPolicy):
    """The same weights with another unit of its actions."""

    versions: ClassVar[dict[str, str]] = {"python": "3.12.1", "lerobot": "0.4.4"}
    unit = 1.0

    def decode(self, latents, noise):
        return self.unit * super().decode(latents, noise)


def chunked(policy, env=None):
    return LatentSteeringWrapper(env or gym.make("Pendulum-v1"), policy).env


def test_what_it_answered_is_what_it_must_answer(tmp_path):
    policy = Denormalised(3, 1)
    keep_golden(tmp_path, policy, chunked(policy))
    check_golden(tmp_path, policy)
    policy.unit = 1.001  # another processor's rounding is less
    check_golden(tmp_path, policy)
    policy.unit = 2.0
    policy.versions = {"python": "3.12.1", "lerobot": "0.6.1"}  # type: ignore[misc]
    with pytest.raises(RunFolderError, match=r"as it did.*lerobot 0\.4\.4 \(now 0\.6\.1\)"):
        check_golden(tmp_path, policy)


def test_a_run_that_goes_on_keeps_the_first_answer(tmp_path):
    policy = Denormalised(3, 1)
    keep_golden(tmp_path, policy, chunked(policy))
    before = (tmp_path / GOLDEN_FILE).read_bytes()
    policy.unit = 2.0
    keep_golden(tmp_path, policy, chunked(policy))
    assert (tmp_path / GOLDEN_FILE).read_bytes() == before


def test_a_run_of_an_earlier_version_has_none(tmp_path):
    check_golden(tmp_path, LinearPolicy(3, 1))


def test_another_shape_is_another_answer(tmp_path):
    keep_golden(tmp_path, LinearPolicy(3, 1), chunked(LinearPolicy(3, 1)))
    with pytest.raises(RunFolderError, match=r"by up to a shape"):
        check_golden(tmp_path, LinearPolicy(3, 2))


@pytest.mark.parametrize("content", [[], {"observation": 3}, {"chunk": "a", "versions": {}}])
def test_one_that_is_damaged_says_so(content, tmp_path):
    (tmp_path / GOLDEN_FILE).write_text(json.dumps(content))
    with pytest.raises(RunFolderError, match="Delete it to go on"):
        check_golden(tmp_path, LinearPolicy(3, 1))


def test_a_policy_from_elsewhere_and_one_that_is_shown_the_time(tmp_path):
    foreign = ForeignPolicy(LineGenerator(2, 2))
    env = gym.wrappers.TimeLimit(Reach(), 20)
    keep_golden(tmp_path, foreign, chunked(TimeLeftPolicy(foreign), TimeLeftObservation(env)))
    check_golden(tmp_path, foreign)  # which is not shown it


def test_a_policy_that_sees(tmp_path):
    policy = resolve_policy("lift-pixels")
    shapes = {"state": [9], "agentview": [84, 84, 3], "robot0_eye_in_hand": [84, 84, 3]}
    space = gym.spaces.Dict(
        {
            name: gym.spaces.Box(0, 255, shape, np.uint8)
            if len(shape) > 1
            else gym.spaces.Box(-np.inf, np.inf, shape)
            for name, shape in shapes.items()
        }
    )
    env = gym.Env()
    env.observation_space = space
    keep_golden(tmp_path, policy, env)
    check_golden(tmp_path, policy)
