"""The check of an environment finds what steering would stumble over."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from tests.helpers.point import PointEnv
from tests.helpers.recording_env import RecordingEnv
from zprl_env import ActionChunkWrapper, PolicyMismatchError
from zprl_env.testing import LinearPolicy, check_env_fits


class Unseeded(RecordingEnv):
    def reset(self, *, seed=None, options=None):
        return super().reset(seed=None, options=options)


class Unrepeatable(RecordingEnv):
    def step(self, action):
        *row, info = super().step(action)
        row[1] = float(np.random.default_rng().random())
        return *row, info


def returning(index: int, value: object) -> RecordingEnv:
    """An environment with another value in one place of what step returns."""

    class Changed(RecordingEnv):
        def step(self, action):
            row = [*super().step(action)]
            row[index] = value
            return tuple(row)

    return Changed()


class Old(RecordingEnv):
    def step(self, action):
        return super().step(action)[:4]


class OldReset(RecordingEnv):
    def reset(self, *, seed=None, options=None):
        return super().reset(seed=seed)[0]


class Wrong(RecordingEnv):
    action_space = gym.spaces.Discrete(3)  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("env", "message"),
    [
        (Unseeded(), "resets: the same seed must bring the same observation"),
        (Unrepeatable(), "repeats its episodes: the same seed and actions must be the same"),
        (returning(0, np.full(3, np.nan, np.float32)), "steps: an observation must be finite"),
        (returning(0, np.zeros(4, np.float32)), r"an observation must have shape \(3,\), got \(4,"),
        (returning(1, None), "the reward must be one finite number, got None"),
        (returning(1, np.nan), "the reward must be one finite number, got nan"),
        (returning(2, 1), "terminated must be a bool, got 1"),
        (returning(3, None), "truncated must be a bool, got None"),
        (returning(4, None), "info must be a dict, got NoneType"),
        (Old(), "it must return observation, reward, .*got 4 values"),
        (OldReset(), "it must return observation and info, got ndarray"),
        (Wrong(), r"action space must be a flat Box of floating-point numbers, got Discrete"),
        (ActionChunkWrapper(RecordingEnv(), 2), "must not be in ActionChunkWrapper or steered yet"),
        (
            gym.make_vec("Pendulum-v1", 2),
            "check_env_fits takes one gymnasium.Env. Got: Sync",
        ),
    ],
)
def test_a_fault_is_named(env, message):
    with pytest.raises(PolicyMismatchError, match=message):
        check_env_fits(env)


def test_one_that_does_not_fit_a_policy_names_both_sides():
    with pytest.raises(PolicyMismatchError, match=r"of size 4.*actions have size 5") as caught:
        check_env_fits(RecordingEnv(), LinearPolicy(4, 5))
    assert "docs/guides/environment.md" in str(caught.value)


def test_a_sound_one_passes_by_name_and_as_an_object():
    assert check_env_fits(PointEnv(), LinearPolicy(3, 2)) == []
    assert "reports no success" in check_env_fits("Pendulum-v1", LinearPolicy(3, 1))[0]


def test_what_is_no_fault_is_noted():
    class Same(RecordingEnv):
        action_space = gym.spaces.Box(-np.inf, np.inf, (2,), np.float32)

        def reset(self, *, seed=None, options=None):
            super().reset(seed=0)
            self._draw = 0.0
            return self._observation(), {}

    notes = check_env_fits(Same())
    assert "actions have no bounds" in notes[0]
    assert "another seed brings the same observation" in notes[1]
