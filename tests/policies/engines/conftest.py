"""Policies of random weights, and how equal the engines must be."""

import numpy as np
import pytest
import torch

from policies.frozen import FrozenPolicy
from policies.model.vib_flow import VibFlow


@pytest.fixture
def frozen(metadata):
    """Freezes a random model of given sizes."""

    def freeze(config, engine):
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(3)
            model = VibFlow(config)
        rng = np.random.default_rng(0)
        model.normalizer.fit(rng.normal(2.0, 3.0, (50, 5)), rng.uniform(-2.0, 5.0, (50, 2)))
        return FrozenPolicy(model, metadata, engine)

    return freeze


@pytest.fixture
def assert_equal():
    """Compares two engines on a batch as the policy might meet it."""

    def compare(ours, theirs, size):
        rng = np.random.default_rng(size)
        normal = ours._model.normalizer
        mean, std = normal.observation_mean.numpy(), normal.observation_std.numpy()
        seen = mean + 2.0 * std * rng.normal(size=(size, ours.observation_dim))
        far = rng.normal(size=(size, ours.latent_dim))
        latents = ours.latent_mean + 3.0 * ours.latent_std * far
        noise = rng.normal(size=(size, ours.horizon, ours.action_dim))
        outputs = ((*p.encode(seen), p.decode(latents, noise)) for p in (ours, theirs))
        for one, two in zip(*outputs, strict=True):
            assert (one.dtype, one.shape) == (np.float32, two.shape)
            np.testing.assert_allclose(one, two, rtol=2e-5, atol=2e-5)

    return compare
