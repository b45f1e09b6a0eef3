"""The agent moves the latent and the noise at once."""

from __future__ import annotations

import numpy as np
import pytest

from zprl_env.errors import ConfigurationError
from zprl_env.steering.joint import JointSteering
from zprl_env.testing import LinearPolicy

LATENTS = np.array([[1.0, -1.0], [0.5, 2.0]], np.float32)
NOISE = np.random.default_rng(0).normal(size=(2, 4, 2)).astype(np.float32)


@pytest.fixture
def steering() -> JointSteering:
    return JointSteering(LinearPolicy(3, 2), observation_dim=3, scale=0.5, noise_bound=1.5)


def test_the_action_s_first_part_moves_the_latent_and_its_second_every_noise(steering):
    actions = np.array([[1.0, -1.0, 0.5, -0.5], [0.0, 0.0, 0.0, 1.0]], np.float32)
    perturbed = steering.perturb(actions, LATENTS, NOISE)
    np.testing.assert_allclose(perturbed.latents, LATENTS + 0.5 * actions[:, :2])
    for step in range(4):
        np.testing.assert_allclose(
            perturbed.noise[:, step], NOISE[:, step] + 1.5 * actions[:, 2:], rtol=1e-6
        )


def test_its_strength_is_the_latent_s_part_alone(steering):
    actions = np.array([[1.0, 1.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0]], np.float32)
    np.testing.assert_allclose(steering.strength(actions), 0.5)  # RMS(z) is 1


def test_an_impossible_bound_is_named():
    with pytest.raises(ConfigurationError, match=r"noise_bound must be a finite .* Got: -2"):
        JointSteering(LinearPolicy(3, 2), observation_dim=3, scale=0.5, noise_bound=-2.0)
