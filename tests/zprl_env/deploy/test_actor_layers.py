"""Every algorithm's actor, out of its library, decides as it did in there."""

from __future__ import annotations

import numpy as np
import pytest
from torch import nn

from tests.helpers.point import PointEnv
from tests.helpers.small_model import make_small_model
from tests.zprl_env.training.agents.test_model import VARIANTS
from zprl_env.deploy.actor_layers import actor_of
from zprl_env.errors import ZprlError
from zprl_env.evaluation import ModelAgent


def assert_decides_as(model) -> None:
    shape = (200, *model.observation_space.shape)
    observations = 2.0 * np.random.default_rng(0).normal(size=shape).astype(np.float32)
    expected = ModelAgent(model)(observations)
    assert np.abs(expected).max() > 0.02  # it has learned something to get wrong
    np.testing.assert_allclose(actor_of(model)(observations), expected, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize(("algo", "settings"), [v for v in VARIANTS if v[0] != "ppo_lstm"])
def test_an_actor_in_numpy_is_the_one_in_torch(algo, settings):
    model, _ = make_small_model(PointEnv(), algo, learning_rate=3e-2, **settings)
    model.learn(60, log_interval=None)
    assert_decides_as(model)


@pytest.mark.parametrize("algo", ["sac", "tqc", "crossq", "ppo"])
def test_an_actor_in_numpy_is_the_one_in_jax(algo):
    pytest.importorskip("sbx", reason="needs the sbx extra")
    model, _ = make_small_model(PointEnv(), algo, backend="sbx", learning_rate=3e-2)
    model.learn(60, log_interval=None)
    assert_decides_as(model)


def test_an_actor_that_remembers_is_refused():
    model, _ = make_small_model(PointEnv(), "ppo_lstm")
    with pytest.raises(ZprlError, match=r"through an MLP\. Got: LstmPolicy"):
        actor_of(model)


def test_an_unknown_layer_is_refused():
    model, _ = make_small_model(PointEnv())
    model.actor.latent_pi[1] = nn.GELU()
    with pytest.raises(ZprlError, match=r"made of ReLU, Tanh and the like\. Got: GELU"):
        actor_of(model)


def test_another_features_extractor_is_refused():
    model, _ = make_small_model(PointEnv())
    model.actor.features_extractor = nn.Identity()
    with pytest.raises(ZprlError, match=r"flat observations through an MLP\. Got: .*Identity"):
        actor_of(model)


@pytest.mark.parametrize("algo", ["sac", "tqc"])
def test_a_layer_normalised_actor_of_tanh_is_the_same_too(algo):
    model, _ = make_small_model(
        PointEnv(), algo, actor_layer_norm=True, activation="tanh", learning_rate=3e-2
    )
    model.learn(60, log_interval=None)
    assert any(isinstance(module, nn.LayerNorm) for module in model.actor.latent_pi)
    assert_decides_as(model)
