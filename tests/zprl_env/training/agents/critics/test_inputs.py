"""Critics on base action plus residual, as Policy Decorator's, in unmodified algorithms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from tests.helpers.point import PointEnv
from tests.helpers.small_model import make_small_model
from zprl_env.deploy.actor_layers import actor_of
from zprl_env.errors import ZprlError
from zprl_env.evaluation import ModelAgent

OBSERVATIONS = torch.as_tensor(np.random.default_rng(0).normal(size=(6, 9)), dtype=torch.float32)
ACTIONS = torch.as_tensor(np.random.default_rng(1).uniform(-1, 1, (6, 4)), dtype=torch.float32)
GAUSSIAN = ["sac", "tqc", "crossq"]


def decorated(algo: str = "sac", **settings):
    """An agent that sees features, latents and the base action: 3, 2 and 4 numbers."""
    usual: dict[str, Any] = {"critic_input": "sum", "actor_sees_base": False, "scale": 0.3}
    usual |= {"steer_kwargs": ("base_action=true",), "layer_norm": False}
    return make_small_model(PointEnv(), algo, steer="action", **usual | settings)[0]


def ask(model, observations, actions) -> np.ndarray:
    model.policy.set_training_mode(False)
    with torch.no_grad():
        values = model.critic(observations, actions)
    return np.stack([np.asarray(value) for value in values])


@pytest.mark.parametrize("algo", GAUSSIAN)
def test_critics_tell_sums_apart_and_not_what_they_consist_of(algo):
    model = decorated(algo)
    moved = OBSERVATIONS.clone()
    moved[:, -4:] += 0.3 * 0.5
    first = ask(model, OBSERVATIONS, ACTIONS)
    np.testing.assert_allclose(ask(model, moved, ACTIONS - 0.5), first, atol=1e-5)
    assert np.abs(ask(model, moved, ACTIONS) - first).max() > 1e-5


@pytest.mark.parametrize("algo", GAUSSIAN)
def test_an_actor_that_is_not_shown_the_base_action_decides_without_it(algo):
    model = decorated(algo, learning_rate=3e-2)
    model.learn(40, log_interval=None)
    moved = OBSERVATIONS.numpy().copy()
    moved[:, -4:] += 1.0
    decided = ModelAgent(model)(OBSERVATIONS.numpy())
    np.testing.assert_array_equal(ModelAgent(model)(moved), decided)
    np.testing.assert_allclose(actor_of(model)(moved), decided, rtol=1e-5, atol=2e-6)
    seeing = decorated(algo, actor_sees_base=True, actor_init=1.0)
    assert np.abs(ModelAgent(seeing)(moved) - ModelAgent(seeing)(OBSERVATIONS.numpy())).max() > 1e-4


def test_what_is_not_in_the_observation_cannot_be_added():
    with pytest.raises(ZprlError, match=r"Got: LatentSteering without it\. Try --steer action"):
        make_small_model(PointEnv(), critic_input="sum")
    with pytest.raises(ZprlError, match=r"one of action, sum, chunk\. Got: 'q'"):
        make_small_model(PointEnv(), critic_input="q")
