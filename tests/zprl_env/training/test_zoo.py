"""The wrapper that RL Zoo's files name."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import gymnasium as gym
import pytest

from tests.helpers.recording_env import RecordingEnv
from zprl_env.errors import CheckpointError, ConfigurationError
from zprl_env.steering.table import STEERINGS
from zprl_env.testing import LinearPolicy
from zprl_env.training.settings.search import SPACES
from zprl_env.training.zoo import offer_search_spaces, steered


@pytest.mark.parametrize("where", STEERINGS)
def test_it_steers_where_it_is_told_to(where):
    policy = LinearPolicy(3, 2)
    env = steered(RecordingEnv(), policy, steer=where, scale=0.7, reward="penalty", gamma=0.9)
    assert isinstance(env, STEERINGS[where].wrapper)
    assert env.steering.sample_latent
    env.reset(seed=0)
    assert env.step(env.action_space.sample())[1] == pytest.approx(
        0.0
    )  # a reward of 1 less 1, twice


def test_it_finds_the_task_s_own_policy(point_task, point_policy, monkeypatch):
    env = gym.make("ZPRL-Point-v0")
    with pytest.raises(CheckpointError, match="no policy is shipped for 'ZPRL-Point-v0'"):
        steered(env, scale=0.5)
    monkeypatch.setattr("zprl_env.base_policies.find.MADE", point_policy.parent)
    point_policy.rename(point_policy.with_name("point"))
    assert steered(env, scale=0.5).policy.latent_dim == 2
    point_policy.with_name("point").rename(point_policy)


def test_it_takes_the_noise_of_a_file_of_before():
    assert steered(RecordingEnv(), LinearPolicy(3, 2), noise_scale=0.0).steering.noise == "zero"
    told = steered(RecordingEnv(), LinearPolicy(3, 2), scale=1.0, noise="fixed:3")
    assert told.steering.noise == "fixed:3"


def test_an_environment_without_a_name_has_no_policy_of_its_own():
    with pytest.raises(ConfigurationError, match="policy must be given"):
        steered(RecordingEnv(), scale=0.5)


def test_search_spaces_are_offered_where_rl_zoo_runs_and_only_there(monkeypatch):
    tables = SimpleNamespace(HYPERPARAMS_SAMPLER={"a2c": "its own"}, HYPERPARAMS_CONVERTER={})
    monkeypatch.setitem(sys.modules, "rl_zoo3.hyperparams_opt", tables)
    offer_search_spaces()
    assert tables.HYPERPARAMS_SAMPLER.keys() == {"a2c", *SPACES}
    assert tables.HYPERPARAMS_SAMPLER["a2c"] == "its own"
    assert tables.HYPERPARAMS_CONVERTER.keys() == {*SPACES}
    monkeypatch.delitem(sys.modules, "rl_zoo3.hyperparams_opt")
    offer_search_spaces()
    assert "rl_zoo3.hyperparams_opt" not in sys.modules
