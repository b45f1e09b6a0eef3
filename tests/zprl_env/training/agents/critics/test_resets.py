"""Networks that begin anew while the replay stays."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest
import torch
from stable_baselines3.common.callbacks import CallbackList

from tests.helpers.point import PointEnv
from tests.helpers.small_model import make_small_model, tensors
from zprl_env.evaluation import ModelAgent
from zprl_env.training.agents.critics.resets import Resets, reset
from zprl_env.training.agents.warmup import warm_up
from zprl_env.training.run.history import History
from zprl_env.training.settings.algorithms import off_policy_names
from zprl_env.training.watch.callbacks import ProgressCallback


@pytest.mark.parametrize("algo", off_policy_names())
def test_weights_optimisers_and_temperature_begin_anew_and_the_replay_stays(algo):
    model, _ = make_small_model(PointEnv(), algo, learning_rate=3e-2)
    begun = tensors(model).keys()
    model.learn(40, log_interval=None)
    held = model.replay_buffer.observations.copy()
    moved = np.abs(ModelAgent(model)(np.ones((1, 5), np.float32))).max()
    reset(model)
    assert np.abs(ModelAgent(model)(np.ones((1, 5), np.float32))).max() < 0.02 < moved
    assert tensors(model).keys() == begun  # and no optimiser's state besides
    assert all(not optimizer.state for optimizer in (model.actor.optimizer, model.critic.optimizer))
    if getattr(model, "log_ent_coef", None) is not None:
        torch.testing.assert_close(model.log_ent_coef.exp().item(), 0.01)
    np.testing.assert_array_equal(model.replay_buffer.observations, held)
    model.learn(20, log_interval=None, reset_num_timesteps=False)


def updates_since_the_last(model) -> int:
    (count,) = {int(value["step"]) for value in model.actor.optimizer.state.values()}
    return count


def test_it_happens_every_so_many_environment_steps_and_counts_are_kept():
    model, _ = make_small_model(PointEnv(), hold=2)
    history = History(env_steps=15)  # a run that goes on: the next is at 20, then at 40
    watching = [ProgressCallback(history, 45, show=False), Resets(history, 20)]
    model.learn(10**6, CallbackList(watching), log_interval=None)
    decisions = int(model.policy.decisions)
    assert history.env_steps >= 45
    assert model._n_updates == decisions - 1  # the last one ends the run
    assert 1 <= updates_since_the_last(model) <= 4
    assert decisions > 10


def test_nothing_is_reset_before_the_first_update():
    model, _ = make_small_model(PointEnv())
    before = deepcopy(tensors(model))
    history = History()
    watching = [ProgressCallback(history, 10, show=False), Resets(history, 2)]
    warm_up(model, 5, CallbackList(watching))
    after = tensors(model)
    assert history.env_steps >= 10
    assert all(torch.equal(before[name], after[name]) for name in before)
