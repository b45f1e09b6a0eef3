"""Environments on Ray are those of one process, and go on when a worker dies."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import numpy as np
import pytest
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import DummyVecEnv, VecMonitor

from tests.helpers.ray_session import Stated, connected, episodic, gone, refuse
from zprl_env import ConfigurationError, SimulationError, SteeringVecEnv
from zprl_env.envs.episodes import SeededEpisodes
from zprl_env.testing import LinearPolicy

pytest.importorskip("ray")

from zprl_env.vectorised.cluster.envs import RayVecEnv
from zprl_env.vectorised.workers import hurry

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ours():
    connected()
    envs = RayVecEnv([episodic] * 3, workers=2)
    yield envs
    envs.close()


@pytest.fixture
def envs(ours):
    ours.seed(7)
    ours.losses.clear()
    return ours


def chunks(value: float = 0.0) -> np.ndarray:
    return np.full((3, 2, 2), value, np.float32)


def same(found: Any, expected: Any) -> bool:
    """Whether two observations, or trees of them, are the same to the bit."""
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(same(found[k], expected[k]) for k in found)
    if isinstance(expected, tuple | list):
        return len(found) == len(expected) and all(map(same, found, expected))
    return np.array_equal(np.asarray(found), np.asarray(expected))


@pytest.mark.parametrize("made", [[Stated] * 3, [episodic] * 3], ids=["by name", "chunks"])
def test_what_comes_back_is_dummy_vec_env_s_to_the_bit_and_can_be_written_to(made, ours):
    theirs = DummyVecEnv(made)
    if made[0] is Stated:
        ours = RayVecEnv(made, workers=1)
    for each in (ours, theirs):
        each.seed(3)
        each.set_options({"at": 1})
    assert same(ours.reset(), theirs.reset())
    assert ours.reset_infos == theirs.reset_infos
    rng = np.random.default_rng(0)
    low, high = ours.action_space.low, ours.action_space.high
    for _ in range(7):
        actions = rng.uniform(low, high, (3, *low.shape)).astype(np.float32)
        found, expected = ours.step(actions), theirs.step(actions)
        assert same(list(found), list(expected))
        assert ours.reset_infos == theirs.reset_infos
    if made[0] is Stated:
        found[0]["state"] += 1.0
        assert ours.env_method("threads", indices=0) == [(1, "1")]
        ours.close()
        assert gone(ours.workers)


def test_attributes_methods_and_wrappers_are_asked_for_where_they_are(envs):
    envs.reset()
    assert envs.get_attr("n_action_steps") == [2, 2, 2]
    assert envs.env_method("get_wrapper_attr", "truncate_at", indices=[2, 0]) == [6, 6]
    assert envs.env_is_wrapped(SeededEpisodes, indices=1) == [True]
    assert envs.has_attr("gamma")
    assert not envs.has_attr("nothing")
    envs.set_attr("note", "x", indices=[0, 2])
    assert envs.get_attr("note", indices=[2]) == ["x"]
    assert envs.render_mode is None


def test_a_worker_that_is_killed_is_replaced_and_its_episodes_are_truncated(envs):
    envs.seed(7)
    envs.reset()
    envs.set_attr("gamma", 0.5, indices=1)
    seen, *_ = envs.step(chunks())
    died = envs.workers
    actions = chunks()
    actions[1] = 0.25  # in the middle of the step, after the environment before it
    observations, rewards, dones, infos = envs.step(actions)
    assert dones.tolist() == [True, True, False]
    for index in (0, 1):
        assert infos[index]["lost"].startswith("the worker of environments 0 to 1 (pid ")
        assert infos[index]["TimeLimit.truncated"]
        assert not infos[index]["is_success"]
        assert (rewards[index], infos[index]["env_steps"]) == (0.0, 0)
        np.testing.assert_array_equal(infos[index]["terminal_observation"], seen[index])
    assert "lost" not in infos[2]
    assert len(envs.losses) == 1
    assert gone(died[:1])
    assert envs.workers[1] == died[1]
    # Their next episodes are those that would have come next, with what was set.
    alone = DummyVecEnv([episodic] * 3)
    alone.seed(7)
    alone.reset()
    alone.env_method("continue_at", 1)
    np.testing.assert_array_equal(observations[:2], alone.reset()[:2])
    assert [info["episode"] for info in envs.reset_infos] == [1, 1, 0]
    assert envs.get_attr("gamma") == [0.99, 0.5, 0.99]
    envs.set_attr("gamma", 0.99, indices=1)  # as the tests that follow have it


def test_one_that_dies_between_steps_is_noticed_by_whatever_comes_next(envs):
    envs.reset()
    envs.step(chunks())
    os.kill(envs.workers[1], signal.SIGKILL)
    assert gone([envs.workers[1]])
    assert envs.get_attr("n_action_steps") == [2, 2, 2]
    dones, infos = envs.step(chunks())[2:]
    assert dones.tolist() == [False, False, True]
    assert "environment 2 " in infos[2]["lost"]


def test_one_that_is_stopped_counts_as_dead_once_patience_ends(envs):
    envs.reset()
    stopped, actions = envs.workers[1], chunks()
    actions[2] = 0.5
    before, began, wrapped = envs.patience, time.monotonic(), VecMonitor(envs)
    envs.step_async(actions)
    hurry(wrapped, 1.0)
    *_, dones, infos = envs.step_wait()
    envs.patience = before
    assert time.monotonic() - began < 60
    assert dones.tolist() == [False, False, True]
    assert "has not answered for" in infos[2]["lost"]
    assert gone([stopped])


def test_an_environment_s_defect_is_told_and_not_retried(envs):
    envs.reset()
    with pytest.raises(SimulationError, match=r"One of environments 0 to 1 has failed with Zero"):
        envs.step(chunks(0.75))
    assert not envs.losses


def test_what_cannot_be_made_is_told():
    connected()
    with pytest.raises(SimulationError, match=r"^Environment 0: the table must be there\. Got"):
        RayVecEnv([refuse])
    with pytest.raises(ConfigurationError, match="workers must be from 1 to the number"):
        RayVecEnv([episodic], workers=2)


def test_steered_environments_on_it_learn_and_end_with_it(envs):
    steered = SteeringVecEnv(envs, LinearPolicy(3, 2), scale=0.5)
    model = PPO("MlpPolicy", steered, n_steps=4, batch_size=4, n_epochs=1, device="cpu", seed=0)
    model.learn(12)
    assert model.num_timesteps == 12


def test_a_worker_that_dies_again_and_again_is_not_started_for_ever(envs, monkeypatch):
    monkeypatch.setattr("zprl_env.vectorised.cluster.envs.RESTARTS", 0)
    envs.reset()
    with pytest.raises(SimulationError, match=r"^A worker that was replaced must live for a step"):
        envs.step(chunks(0.25))
    envs.close()
