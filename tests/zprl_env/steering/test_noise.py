"""The agent's action shifts the noise that the flow starts from."""

from __future__ import annotations

import numpy as np
import pytest

from zprl_env.errors import ConfigurationError
from zprl_env.steering.noise import NoiseSteering
from zprl_env.testing import LinearPolicy

LATENTS = np.array([[1.0, -1.0], [0.5, 2.0]], np.float32)
NOISE = np.random.default_rng(0).normal(size=(2, 4, 2)).astype(np.float32)


@pytest.fixture
def steering() -> NoiseSteering:
    return NoiseSteering(LinearPolicy(3, 2), observation_dim=3, scale=1.5)


def test_every_number_of_the_chunk_s_noise_is_shifted_by_its_own(steering):
    actions = np.random.default_rng(1).uniform(-1, 1, (2, 8)).astype(np.float32)
    perturbed = steering.perturb(actions, LATENTS, NOISE)
    np.testing.assert_allclose(perturbed.noise, NOISE + 1.5 * actions.reshape(2, 4, 2))
    np.testing.assert_array_equal(perturbed.latents, LATENTS)
    assert perturbed.residual is None


def test_it_leaves_nothing_else_to_chance_unless_told(steering):
    assert (steering.noise_scale, steering.sample_latent, steering.agent_dim) == (0.0, False, 8)
    free = NoiseSteering(LinearPolicy(3, 2), observation_dim=3, noise_scale=1.0, sample_latent=True)
    assert (free.noise_scale, free.sample_latent, free.scale) == (1.0, True, 1.5)


def test_its_strength_is_the_shift_s_root_mean_square(steering):
    actions = np.full((1, 8), -0.5, np.float32)
    np.testing.assert_allclose(steering.strength(actions), 1.5 * 0.5)


def test_an_impossible_bound_is_refused():
    with pytest.raises(ConfigurationError, match=r"scale must be a finite number .* Got: -1\.0"):
        NoiseSteering(LinearPolicy(3, 2), observation_dim=3, scale=-1.0)
