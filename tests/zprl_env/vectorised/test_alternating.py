"""One half simulates while the agent learns; nothing is mixed up or lost."""

from __future__ import annotations

import multiprocessing
from dataclasses import replace
from functools import partial
from multiprocessing.synchronize import Semaphore

import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv

from tests.helpers.recording_env import RecordingEnv
from zprl_env import ActionChunkWrapper, ConfigurationError, SteeringVecEnv
from zprl_env.testing import LinearPolicy
from zprl_env.training.agents.model import make_model
from zprl_env.training.agents.replay import AlternatingReplayBuffer
from zprl_env.training.learning import learn
from zprl_env.training.run.history import History
from zprl_env.training.settings.recipe import Recipe
from zprl_env.training.watch.callbacks import ProgressCallback
from zprl_env.vectorised.alternating import DECISION, HALF, AlternatingVecEnv

FORK = partial(SubprocVecEnv, start_method="fork")


class TellingEnv(RecordingEnv):
    """Tells another process of each step that it has made."""

    def __init__(self, made: Semaphore, **options):
        super().__init__(**options)
        self.made = made

    def step(self, action):
        result = super().step(action)
        self.made.release()
        return result


def half(size: int = 2, vec_env=DummyVecEnv, env_class=RecordingEnv, **options) -> SteeringVecEnv:
    def make() -> ActionChunkWrapper:
        return ActionChunkWrapper(env_class(**options), 2, 0.9)

    return SteeringVecEnv(vec_env([make] * size), LinearPolicy(3, 2), scale=0.5)


def alternating(size: int = 2, vec_env=DummyVecEnv, **options) -> AlternatingVecEnv:
    return AlternatingVecEnv(*(half(size, vec_env, **options) for _ in range(2)))


@pytest.mark.parametrize("vec_env", [DummyVecEnv, FORK])
def test_each_half_lives_as_it_would_alone(vec_env):
    envs = alternating(vec_env=vec_env, truncate_at=5)
    envs.seed(3)
    shown = envs.reset()
    alone = [half(truncate_at=5), half(truncate_at=5)]
    for index, env in enumerate(alone):
        env.seed(3 + 2 * index)
    before = [env.reset() for env in alone]
    np.testing.assert_array_equal(shown, before[0])

    rng = np.random.default_rng(0)
    sent = {1: np.zeros((2, 2), np.float32)}  # the second half begins with the base policy
    for step in range(12):
        sender, answerer = step % 2, 1 - step % 2
        sent[sender] = rng.uniform(-1, 1, (2, 2)).astype(np.float32)
        shown, rewards, dones, infos = envs.step(sent[sender])
        expected = alone[answerer].step(sent[answerer])
        np.testing.assert_array_equal(shown, expected[0])
        np.testing.assert_allclose(rewards, expected[1])
        np.testing.assert_array_equal(dones, expected[2])
        for index, info in enumerate(infos):
            observation, action = info[DECISION]
            np.testing.assert_array_equal(observation, before[answerer][index])
            np.testing.assert_array_equal(action, sent[answerer][index])
            assert info[HALF] == answerer
            assert info["env_steps"] == expected[3][index]["env_steps"]
        before[answerer] = expected[0]
    envs.close()


def test_it_simulates_while_nobody_waits():
    made = multiprocessing.get_context("fork").Semaphore(0)
    envs = AlternatingVecEnv(half(1, FORK, TellingEnv, made=made), half(1, FORK))
    envs.reset()
    envs.step(np.zeros((1, 2), np.float32))  # a chunk of two steps of the first half
    # That they are made although the half is not asked for them; a minute only if they never are.
    assert [made.acquire(timeout=60.0) for _ in range(2)] == [True, True]
    assert not made.acquire(block=False)
    _, _, _, infos = envs.step(np.zeros((1, 2), np.float32))
    assert (infos[0][HALF], infos[0]["env_steps"]) == (0, 2)
    envs.close()


@pytest.mark.parametrize("vec_env", [DummyVecEnv, FORK])
def test_it_can_be_asked_and_reset_with_a_step_under_way(vec_env):
    envs = alternating(vec_env=vec_env)
    envs.reset()
    envs.step(np.zeros((2, 2), np.float32))
    assert envs.get_attr("n_action_steps") == [2, 2]
    envs.set_attr("note", 7)
    assert envs.env_is_wrapped(ActionChunkWrapper) == [True, True]
    assert envs.env_method("get_wrapper_attr", "gamma") == [0.9, 0.9]
    _, _, _, infos = envs.step(np.zeros((2, 2), np.float32))
    assert infos[0][HALF] == 0
    np.testing.assert_allclose(envs.reset()[:, 0], 0.0)
    _, _, _, infos = envs.step(np.zeros((2, 2), np.float32))
    assert infos[0][HALF] == 1
    assert envs.discount == pytest.approx(0.81)
    envs.close()


def test_it_must_be_reset_first_and_have_equal_halves():
    envs = alternating()
    with pytest.raises(ResetNeeded, match="reset"):
        envs.step(np.zeros((2, 2), np.float32))
    with pytest.raises(ConfigurationError, match=r"one size\. Got: \[1, 2\]"):
        AlternatingVecEnv(half(1), half(2))


def test_the_replay_buffer_holds_what_really_happened():
    recipe = replace(
        Recipe(), hidden=(8, 8), batch_size=4, updates_per_decision=1, n_steps=3, buffer_size=400
    )
    envs = alternating(truncate_at=5)
    model = make_model("sac", recipe, envs, n_action_steps=2, seed=0)
    model.set_logger(Logger(None, []))
    history = History()
    learn(model, 20, 200, history, ProgressCallback(history, 200, show=False))
    buffer = model.replay_buffer
    assert isinstance(buffer, AlternatingReplayBuffer)
    size = buffer.size()
    assert size >= 20
    assert buffer.observations.shape[1] == 4
    # An observation's first number is a tenth of the steps done; a decision makes two, or the last.
    done = buffer.observations[:size, :, 0]
    following = buffer.next_observations[:size, :, 0]
    np.testing.assert_allclose(following, np.minimum(done + 0.2, 0.5), atol=1e-6)
    marked = np.flatnonzero(((buffer.dones[:size] > 0) != (following > 0.45)).any(axis=1))
    assert len(marked) == 1  # where the warm-up ended
    np.testing.assert_allclose(
        buffer.discounts[:size], np.where(done > 0.35, 0.99, 0.99**2), rtol=1e-5
    )
    # Within a column, decisions follow one another.
    goes_on = buffer.dones[: size - 1] == 0
    np.testing.assert_allclose(
        np.where(goes_on, following[:-1], 0.0), np.where(goes_on, done[1:], 0.0), atol=1e-6
    )
