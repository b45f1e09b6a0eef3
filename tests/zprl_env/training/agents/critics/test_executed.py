"""Noise aliasing: critics of the executed chunk, and critics of the action that follow them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from tests.helpers.point import PointEnv
from tests.helpers.small_model import assert_same_tensors, make_small_model
from zprl_env.errors import ZprlError
from zprl_env.training.agents.critics.executed import DISTIL_EVERY

USUAL: dict[str, Any] = {"critic_input": "chunk", "steer_kwargs": ("noise_steps=2",), "gamma": 0.9}


def aliased(**settings):
    return make_small_model(PointEnv(), "sac", steer="noise", **USUAL | settings)[0]


def batch(size: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(0)
    seen = rng.uniform(-0.3, 0.3, (size, 5)).astype(np.float32)
    seen[:, 3:] = seen[:, :2]  # the latents, which LinearPolicy reads off the observation
    return torch.from_numpy(seen), torch.from_numpy(
        rng.uniform(-1, 1, (size, 4)).astype(np.float32)
    )


def test_an_action_is_judged_by_the_chunk_it_is_decoded_to():
    model = aliased()
    steering = model.get_env().steering
    observations, actions = batch()
    noise = np.zeros((64, 4, 2), np.float32)
    z = observations[:, 3:].numpy()
    chunks, _ = steering.decode(steering.policy.decode, actions.numpy(), z, noise)
    with torch.no_grad():
        got = model.critic(observations, actions)
        expected = model.critic.judge(observations, torch.as_tensor(chunks.reshape(64, 4)))
    for mine, theirs in zip(got, expected, strict=True):
        torch.testing.assert_close(mine, theirs)


def test_the_actor_is_taught_by_critics_of_the_action_which_have_a_gradient():
    model = aliased()
    observations, actions = batch()
    actions.requires_grad_()
    sum(q.sum() for q in model.critic(observations, actions)).backward()
    assert actions.grad is not None
    assert actions.grad.abs().min() > 0
    assert all(parameter.grad is None for parameter in model.critic.judge.parameters())


def test_they_follow_the_critics_of_chunks_after_every_third_update():
    model = aliased(learning_rate=3e-3, hidden=(32, 32), batch_size=32)
    observations, actions = batch(200)

    def apart() -> float:
        with torch.no_grad():
            judged = model.critic.judge(observations, model.critic.executed(observations, actions))
            told = model.critic.alias(observations, actions)
        return float(sum((a - b).abs().mean() for a, b in zip(judged, told, strict=True)))

    model.learn(40, log_interval=None)
    before = apart()
    model.learn(150, log_interval=None, reset_num_timesteps=False)
    assert int(model.critic.updates) == model._n_updates > 150
    assert apart() < 0.6 * before
    alias = next(model.critic.alias.parameters())
    state = model.critic.optimizer.state[alias]
    assert int(state["step"]) == model._n_updates // DISTIL_EVERY


def test_saved_and_loaded_it_is_the_same(tmp_path):
    from zprl_env.training.agents.weights import load_weights, save_weights

    model, other = aliased(), aliased()
    model.learn(30, log_interval=None)
    load_weights(save_weights(tmp_path, model), other)
    assert_same_tensors(other, model)


def test_a_chunk_that_is_left_to_chance_is_refused():
    with pytest.raises(ZprlError, match=r"follows from observation and action\. Got: NoiseSt"):
        aliased(noise="fresh")
    with pytest.raises(ZprlError, match="critic_input must be action or sum with --algo tqc"):
        make_small_model(PointEnv(), "tqc", steer="noise", **USUAL)
