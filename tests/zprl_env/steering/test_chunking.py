"""One chunk is one step: where it stops, what it returns, what it refuses."""

from __future__ import annotations

from contextlib import closing

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import ResetNeeded

from tests.helpers.recording_env import RecordingEnv, recording
from zprl_env import (
    ActionChunkWrapper,
    ConfigurationError,
    InvalidActionError,
    PolicyMismatchError,
)


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


class Reporting(RecordingEnv):
    """Reports what it is told to, step by step, and does not end with success."""

    def __init__(self, *reports: object, key: str = "is_success") -> None:
        super().__init__(truncate_at=len(reports))
        self.reports, self.key = reports, key

    def step(self, action):
        *row, _ = super().step(action)
        report = self.reports[len(self.actions) - 1]
        return *row, {} if report is None else {self.key: report}


@pytest.mark.parametrize(
    ("reports", "told"),
    [
        ((False, True, True, False, False, False), [True, True, True]),
        ((True, False, False, False, False, False), [True, True, True]),
        ((False, False, False, False, True, False), [False, False, True]),
        ((True, None, None, None, None, None), [True, True, True]),
        ((False,) * 6, [False, False, False]),
        ((None,) * 6, [False, False, False]),
        ((0.0, 1.0, 0.0, 0.0, 0.0, 0.0), [True, True, True]),
    ],
)
@pytest.mark.parametrize("key", ["is_success", "success", "succeed"])
def test_an_episode_that_has_succeeded_once_is_a_success_until_the_next_one(reports, told, key):
    env = ActionChunkWrapper(Reporting(*reports, key=key), n_action_steps=2)
    for _ in range(2):
        env.reset(seed=0)
        assert [env.step(chunk(env))[4]["is_success"] for _ in range(3)] == told


def test_info_says_how_much_of_the_actions_was_clipped():
    env = ActionChunkWrapper(RecordingEnv(truncate_at=3), n_action_steps=2)
    env.reset(seed=0)

    def clipped(*rows):
        return env.step(np.array(rows, np.float32))[4]["clipped_actions"]

    assert clipped([0.5, 50.0], [-1.5, 1.01]) == 0.5  # 1 % of the range does not count
    assert clipped([1.5, 0.0], [9.0, 9.0]) == 0.5  # the second was not executed
    env.reset(seed=0)
    assert clipped([1.0, -1.0], [0.0, 0.0]) == 0.0


def test_actions_without_bounds_are_never_clipped():
    env = RecordingEnv()
    env.action_space = gym.spaces.Box(
        np.array([-np.inf, -1.0], np.float32),
        np.array([np.inf, np.inf], np.float32),
        dtype=np.float32,
    )
    chunks = ActionChunkWrapper(env, n_action_steps=1)
    chunks.reset(seed=0)
    for row, share in (([1e6, 1e6], 0.0), ([-1e6, -5.0], 0.5)):
        info = chunks.step(np.array([row], np.float32))[4]
        assert info["clipped_actions"] == share


@pytest.mark.parametrize(
    ("fps", "steps", "told"), [(20, 8, 2.5), (20, 4, 5), (None, 4, None), (30.0, 4, 7.5)]
)
def test_a_film_of_one_frame_per_chunk_plays_at_the_simulation_s_speed(fps, steps, told):
    env = RecordingEnv()
    env.metadata = {"render_modes": []} | ({} if fps is None else {"render_fps": fps})
    chunks = ActionChunkWrapper(env, n_action_steps=steps)
    assert chunks.metadata.get("render_fps") == told
    assert env.metadata.get("render_fps") == fps


def test_the_discount_can_be_changed_and_the_chunk_s_length_cannot():
    env = ActionChunkWrapper(RecordingEnv(), n_action_steps=2, gamma=0.9)
    env.set_wrapper_attr("gamma", 0.5)
    env.reset(seed=0)
    assert (env.step(chunk(env))[1], env.discount) == (1.5, 0.25)
    with pytest.raises(ConfigurationError, match=r"gamma must be in \(0, 1\]"):
        env.gamma = 2.0
    with pytest.raises(ConfigurationError, match="n_action_steps is fixed when environments are"):
        env.n_action_steps = 3


@pytest.mark.parametrize("seeded", ["before", "by reset", "inside", "never"])
def test_reset_says_what_the_policy_is_seeded_with(seeded):
    inner = RecordingEnv()
    if seeded == "before":
        inner.reset(seed=7)
    env = ActionChunkWrapper(inner, n_action_steps=2)
    if seeded == "inside":
        env.reset(seed=1)
        inner.reset(seed=7)
    _, info = env.reset(seed=7 if seeded == "by reset" else None)
    if seeded != "never":
        assert info["policy_seed"] == 7
    _, info = env.reset()
    assert "policy_seed" not in info


def test_what_it_says_of_its_seed_fits_into_the_arrays_of_vectorised_environments():
    def make() -> ActionChunkWrapper:
        env = gym.make("Pendulum-v1")
        _ = env.unwrapped.np_random  # drawn by itself, with a seed of 128 bits
        return ActionChunkWrapper(env, n_action_steps=2)

    with closing(gym.vector.SyncVectorEnv([make, make])) as envs:
        _, infos = envs.reset()
        assert infos["policy_seed"].dtype == np.int64
        _, infos = envs.reset(seed=[2**31 + 5, 7])
        assert infos["policy_seed"].tolist() == [2**31 + 5, 7]
