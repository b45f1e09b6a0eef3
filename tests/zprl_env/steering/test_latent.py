"""The agent's action perturbs the latent, by lambda per dimension."""

from __future__ import annotations

import numpy as np
import pytest

from zprl_env.errors import ConfigurationError, PolicyMismatchError
from zprl_env.steering.latent import LatentSteering, auto_scale, resolve_scale
from zprl_env.testing import LinearPolicy

LATENTS = np.array([[1.0, -1.0], [0.5, 2.0]], np.float32)
NOISE = np.random.default_rng(0).normal(size=(2, 4, 2)).astype(np.float32)


@pytest.fixture
def policy() -> LinearPolicy:
    policy = LinearPolicy(3, 2)
    policy.latent_rms = np.array([1.0, 3.0], np.float32)
    return policy


def test_the_latent_moves_by_lambda_and_the_noise_not_at_all(policy):
    steering = LatentSteering(policy, observation_dim=3, scale=np.array([0.5, 2.0]))
    actions = np.array([[1.0, -1.0], [0.0, 0.5]], np.float32)
    perturbed = steering.perturb(actions, LATENTS, NOISE)
    np.testing.assert_allclose(perturbed.latents, LATENTS + actions * [0.5, 2.0])
    np.testing.assert_array_equal(perturbed.noise, NOISE)


def test_the_published_rule_perturbs_every_dimension_by_a_tenth(policy):
    scale = auto_scale(policy)
    dz = np.random.default_rng(0).uniform(-1, 1, (100_000, 2))
    rms = np.sqrt(np.mean((scale * dz) ** 2, axis=0))
    np.testing.assert_allclose(rms, [0.1, 0.3], rtol=0.01)
    np.testing.assert_array_equal(resolve_scale(policy, "auto"), scale)


def test_it_says_how_strong_it_is_in_words(policy):
    steering = LatentSteering(policy, observation_dim=3, scale=1.0)
    assert str(steering) == (
        f"lambda 1, RMS(lambda dz) = {np.sqrt(2 / 3 / 10):.2f} RMS(z) for dz uniform in [-1, 1]"
    )
    assert str(LatentSteering(policy, observation_dim=3, scale=np.array([1, 2]))).startswith(
        "lambda 1 to 2, "
    )


@pytest.mark.parametrize(
    ("scale", "message"),
    [
        ("much", r"scale must be a number, an array or 'auto'\. Got: 'much'"),
        (np.ones(3), r"scale must be one number or 2 of them\. Got shape: \(3,\)"),
        (-1.0, r"scale must be finite and at least 0\. Got: -1\.0"),
        (np.array([1.0, np.inf]), "scale must be finite and at least 0"),
    ],
)
def test_an_impossible_scale_is_refused(scale, message, policy):
    with pytest.raises(ConfigurationError, match=message):
        resolve_scale(policy, scale)


def test_the_rule_needs_a_policy_that_knows_its_latents(policy):
    del policy.latent_rms
    with pytest.raises(PolicyMismatchError, match=r"needs a policy with latent_rms.*as a number"):
        resolve_scale(policy, "auto")
