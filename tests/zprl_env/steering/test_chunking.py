"""One chunk is one step: where it stops, what it returns, what it refuses."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import ResetNeeded

from tests.helpers.recording_env import RecordingEnv, recording
from zprl_env import ActionChunkWrapper, InvalidActionError, PolicyMismatchError


def chunk(env: ActionChunkWrapper, value: float = 0.5) -> np.ndarray:
    return np.full(env.action_space.shape or (), value, np.float32)


def test_a_chunk_executes_every_action_once_and_in_order():
    env = ActionChunkWrapper(RecordingEnv(), n_action_steps=3)
    env.reset(seed=0)
    actions = np.arange(6, dtype=np.float32).reshape(3, 2) / 10
    env.step(actions)
    np.testing.assert_array_equal(np.stack(recording(env).actions), actions)


@pytest.mark.parametrize("end", ["terminated", "truncated"])
@pytest.mark.parametrize("at", [1, 2, 4])
def test_a_chunk_stops_at_the_first_end_and_reports_that_flag_alone(end, at):
    flag = {"terminated": "terminate_at", "truncated": "truncate_at"}[end]
    env = ActionChunkWrapper(RecordingEnv(**{flag: at}), n_action_steps=4)
    env.reset(seed=0)
    _, _, terminated, truncated, info = env.step(chunk(env))
    assert (terminated, truncated) == (end == "terminated", end == "truncated")
    assert len(recording(env).actions) == info["env_steps"] == at
    assert info["is_success"] is (end == "terminated")


def test_the_reward_of_a_chunk_is_the_discounted_sum_of_its_own_rewards():
    env = ActionChunkWrapper(RecordingEnv(truncate_at=5, reward=2.0), n_action_steps=3, gamma=0.9)
    env.reset(seed=0)
    assert env.step(chunk(env))[1] == pytest.approx(2.0 * (1 + 0.9 + 0.81))
    assert env.step(chunk(env))[1] == pytest.approx(2.0 * (1 + 0.9))
    assert env.discount == pytest.approx(0.9**3)


def test_actions_are_clipped_to_the_environment_s_bounds():
    env = ActionChunkWrapper(RecordingEnv(), n_action_steps=2)
    env.reset(seed=0)
    env.step(chunk(env, 7.0))
    assert np.max(recording(env).actions) == 1.0


def test_stepping_past_the_end_is_refused():
    env = ActionChunkWrapper(RecordingEnv(truncate_at=1), n_action_steps=2)
    with pytest.raises(ResetNeeded, match=r"call reset\(\) first"):
        env.step(chunk(env))
    env.reset(seed=0)
    env.step(chunk(env))
    with pytest.raises(ResetNeeded):
        env.step(chunk(env))


def test_bad_chunks_are_refused_with_both_sides_named():
    env = ActionChunkWrapper(RecordingEnv(), n_action_steps=2)
    env.reset(seed=0)
    with pytest.raises(InvalidActionError, match=r"shape \(2, 2\).*Got: \(3, 2\)"):
        env.step(np.zeros((3, 2)))
    with pytest.raises(InvalidActionError, match="NaN"):
        env.step(np.full((2, 2), np.nan))
    assert recording(env).actions == []


def test_bad_settings_are_refused():
    with pytest.raises(ValueError, match="n_action_steps must be at least 1"):
        ActionChunkWrapper(RecordingEnv(), n_action_steps=0)
    with pytest.raises(ValueError, match="gamma must be in"):
        ActionChunkWrapper(RecordingEnv(), n_action_steps=1, gamma=1.5)
    with pytest.raises(PolicyMismatchError, match=r"one-dimensional Box.*Discrete\(2\)"):
        ActionChunkWrapper(gym.make("CartPole-v1"), n_action_steps=1)
