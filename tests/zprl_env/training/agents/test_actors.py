"""The options that are added to the library's policies do what they say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from tests.helpers.point import PointEnv
from tests.helpers.small_model import make_small_model
from zprl_env.evaluation import ModelAgent
from zprl_env.training.agents.actors import SACPolicy
from zprl_env.training.agents.networks import ClippedAdam

OBSERVATIONS = np.random.default_rng(0).normal(size=(100, 5)).astype(np.float32)


def first_actions(algo: Any, factor: float) -> np.ndarray:
    model, _ = make_small_model(PointEnv(), algo, actor_init=factor, hidden=(64, 64))
    return ModelAgent(model)(OBSERVATIONS)


@pytest.mark.parametrize("algo", ["sac", "td3", "tqc", "crossq", "ppo", "ppo_lstm", "trpo"])
def test_the_first_actions_grow_with_the_factor_on_the_actor_s_output(algo):
    small, large = first_actions(algo, 0.01), first_actions(algo, 0.1)
    np.testing.assert_allclose(large, 10 * small, rtol=0.05, atol=1e-4)


@pytest.mark.parametrize("algo", ["sac", "tqc", "crossq"])
def test_the_log_standard_deviation_keeps_to_its_bounds(algo):
    bounds: Any = {"log_std_min": -1.0, "log_std_max": -0.5}
    for start, expected in ((3.0, -0.5), (-3.0, -1.0), (-0.75, None)):
        model, _ = make_small_model(PointEnv(), algo, log_std_init=start, **bounds)
        model.policy.set_training_mode(False)
        _, log_std, _ = model.actor.get_action_dist_params(torch.as_tensor(OBSERVATIONS))
        if expected is None:
            assert ((log_std > -1.0) & (log_std < -0.5)).all()
        else:
            assert (log_std == expected).all()


@pytest.mark.parametrize("algo", ["sac", "td3"])
def test_a_squashed_q_is_between_zero_and_one(algo):
    model, _ = make_small_model(PointEnv(), algo, squash_q=True)
    observations = torch.as_tensor(100 * OBSERVATIONS)
    with torch.no_grad():
        for parameter in model.critic.parameters():
            parameter.mul_(100.0)
        values = torch.cat(model.critic(observations, torch.zeros(100, 2)), dim=1)
    assert values.min() >= 0.0
    assert values.max() <= 1.0
    assert values.std() > 0.0
    model.learn(10, log_interval=None)


@pytest.mark.parametrize("algo", ["sac", "td3", "tqc", "crossq"])
def test_gradients_are_clipped_for_actor_and_critics(algo):
    model, _ = make_small_model(PointEnv(), algo, max_grad_norm=1e-3)
    norms: list[float] = []

    def measure(optimizer, *_) -> None:
        parameters = optimizer.param_groups[0]["params"]
        norms.append(float(torch.cat([p.grad.flatten() for p in parameters]).norm()))

    for network in (model.actor, model.critic):
        network.optimizer.register_step_post_hook(measure)
    model.learn(12, log_interval=None)
    assert len(norms) > 12
    assert max(norms) <= 1e-3 * 1.001
    assert min(norms) > 0.9e-3  # nothing learns that slowly by itself


def test_a_clipped_step_is_adam_s_on_the_gradient_scaled_down():
    clipped, plain = torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.ones(2))
    ours = ClippedAdam([clipped], lr=0.1, max_grad_norm=1.0)
    theirs = torch.optim.Adam([plain], lr=0.1)
    for gradient, scaled in (([3.0, 4.0], [0.6, 0.8]), ([0.3, 0.0], [0.3, 0.0])):
        clipped.grad, plain.grad = torch.tensor(gradient), torch.tensor(scaled)
        ours.step()
        theirs.step()
        torch.testing.assert_close(clipped, plain, rtol=0, atol=1e-6)


@pytest.mark.parametrize("algo", ["ppo", "ppo_lstm"])
def test_ppo_clips_by_its_own_setting(algo):
    assert make_small_model(PointEnv(), algo)[0].max_grad_norm == 0.5
    assert make_small_model(PointEnv(), algo, max_grad_norm=2.0)[0].max_grad_norm == 2.0


def test_a_policy_that_is_saved_alone_comes_back_with_its_options(tmp_path):
    options: Any = {"log_std_max": 0.0, "squash_q": True, "actor_init": 0.5, "max_grad_norm": 1.0}
    model, _ = make_small_model(PointEnv(), "sac", **options)
    model.policy.save(tmp_path / "policy.pt")
    loaded = SACPolicy.load(tmp_path / "policy.pt", device="cpu")
    assert loaded.own == model.policy.own
    assert isinstance(loaded.critic.optimizer, ClippedAdam)
    for mine, theirs in zip(loaded.parameters(), model.policy.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=0)


def test_only_the_target_is_told_some_of_the_critics():
    model, _ = make_small_model(PointEnv(), "sac", n_critics=5, target_critics=2, pull=0.1)
    observations, actions = torch.as_tensor(OBSERVATIONS), torch.zeros(100, 2)
    assert len(model.critic_target(observations, actions)) == 2
    assert len(model.critic(observations, actions)) == 5
    assert len(model.critic(observations, actions.requires_grad_())) == 1
    assert (model.critic.pull, model.critic.averaged) == (0.1, True)
    model.learn(10, log_interval=None)
