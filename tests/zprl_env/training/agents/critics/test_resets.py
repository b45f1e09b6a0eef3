"""Networks that begin anew while the replay stays."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.helpers.point import PointEnv
from tests.helpers.small_model import make_small_model, tensors
from zprl_env.training.agents.critics.resets import Resets, reset
from zprl_env.training.agents.model import as_agent
from zprl_env.training.settings.algorithms import off_policy_names


@pytest.mark.parametrize("algo", off_policy_names())
def test_weights_optimisers_and_temperature_begin_anew_and_the_replay_stays(algo):
    model, _ = make_small_model(PointEnv(), algo, learning_rate=3e-2)
    begun = tensors(model).keys()
    model.learn(40, log_interval=None)
    held = model.replay_buffer.observations.copy()
    moved = np.abs(as_agent(model)(np.ones((1, 5), np.float32))).max()
    reset(model)
    assert np.abs(as_agent(model)(np.ones((1, 5), np.float32))).max() < 0.02 < moved
    assert tensors(model).keys() == begun  # and no optimiser's state besides
    assert all(not optimizer.state for optimizer in (model.actor.optimizer, model.critic.optimizer))
    if getattr(model, "log_ent_coef", None) is not None:
        torch.testing.assert_close(model.log_ent_coef.exp().item(), 0.01)
    np.testing.assert_array_equal(model.replay_buffer.observations, held)
    model.learn(20, log_interval=None, reset_num_timesteps=False)


def test_it_happens_every_so_many_updates_and_counts_are_kept():
    model, _ = make_small_model(PointEnv(), hold=2)
    seen: list[int] = []
    callback = Resets(10)
    model.actor.optimizer.register_step_post_hook(lambda *_: seen.append(model._n_updates))
    model.learn(15, callback, log_interval=None)
    (state,) = {int(value["step"]) for value in model.actor.optimizer.state.values()}
    assert (len(seen), state, int(model.policy.decisions)) == (15, 5, 15)
