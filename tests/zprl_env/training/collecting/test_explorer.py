"""A worker's copy of an actor explores as the learner itself would."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.helpers.point import PointEnv
from tests.helpers.small_model import make_small_model
from zprl_env.training.collecting.explorer import Explorer, design_of, weights_of


@pytest.fixture(params=["sac", "td3", "tqc", "crossq"])
def learner(request):
    model, recipe = make_small_model(PointEnv(), request.param)
    with torch.no_grad():
        for parameter in model.actor.parameters():
            parameter += 0.3 * torch.randn(parameter.shape)
    return model, recipe


def test_its_actions_are_the_model_s_to_the_bit(learner):
    model, recipe = learner
    explorer = Explorer(design_of(model, replace(recipe, action_noise=0.0)), seed=5)
    explorer.take(weights_of(model))
    seen = np.random.default_rng(0).normal(size=(4, *model.observation_space.shape))
    seen = seen.astype(np.float32)
    torch.manual_seed(1)
    expected, _ = model.predict(seen, deterministic=False)
    torch.manual_seed(1)
    np.testing.assert_array_equal(explorer.act(seen), expected)
    assert "critic" not in str(weights_of(model)[:2_000])


def test_it_is_the_base_policy_until_it_has_weights_and_perturbs_that_if_it_is_to(learner):
    model, recipe = learner
    seen = np.zeros((3, *model.observation_space.shape), np.float32)
    assert not Explorer(design_of(model, recipe), 0).act(seen).any()
    noisy = Explorer(design_of(model, replace(recipe, warmup_noise=0.5)), 0)
    first = noisy.act(seen)
    assert first.any()
    assert np.abs(first).max() <= 1.0
    noisy.take(weights_of(model))
    noisy.take(b"")
    assert not np.array_equal(noisy.act(seen), first)


def test_td3_explores_by_noise_on_its_actions():
    model, recipe = make_small_model(PointEnv(), "td3", action_noise=0.2)
    explorer = Explorer(design_of(model, recipe), seed=0)
    explorer.take(weights_of(model))
    drawn = explorer.act(np.zeros((500, *model.observation_space.shape), np.float32))
    assert 0.15 < drawn.std() < 0.25
