"""Steering the latent against its formula, and lambda in every form a user may give it."""

from __future__ import annotations

import numpy as np
import pytest

from zprl_env.errors import ConfigurationError, PolicyMismatchError
from zprl_env.steering import LatentSteering, auto_scale, published_scale
from zprl_env.steering.latent import resolve_scale
from zprl_env.testing import LinearPolicy


@pytest.fixture
def policy() -> LinearPolicy:
    policy = LinearPolicy(observation_dim=3, action_dim=2)
    policy.latent_rms = np.array([1.0, 7.0], np.float32)
    return policy


def test_the_action_moves_the_latent_by_lambda(policy):
    steering = LatentSteering(policy, scale=np.array([0.5, 2.0]), observation_dim=3)
    z, dz = np.array([[1.0, -1.0]], np.float32), np.array([[0.5, -0.5]], np.float32)
    moved = steering.perturb(dz, z, np.zeros((1, 4, 2)))
    np.testing.assert_allclose(moved.latents, [[1.25, -2.0]])
    assert moved.residual is None


def test_the_published_rule_makes_the_ratio_of_root_mean_squares_what_it_says(policy):
    draws = np.random.default_rng(0).uniform(-1, 1, (100_000, 2)) * published_scale(
        policy, ratio=0.1
    )
    np.testing.assert_allclose(np.sqrt(np.mean(draws**2, axis=0)), [0.1, 0.7], rtol=0.01)


def test_a_number_is_lambda_of_every_dimension_and_stays_the_user_s_own(policy):
    given = np.array([0.1, 0.2], np.float32)
    resolved = resolve_scale(policy, given)
    resolved[:] = 9.0
    np.testing.assert_allclose(given, [0.1, 0.2])
    np.testing.assert_allclose(resolve_scale(policy, 3.0), [3.0, 3.0])


@pytest.mark.parametrize(
    ("scale", "message"),
    [
        ("large", r"scale must be a number, an array, 'auto' or 'published'\. Got: 'large'"),
        (np.ones(3), r"scale must be one number or 2 of them\. Got shape: \(3,\)"),
        (-1.0, r"scale must be finite and at least 0\. Got: -1\.0"),
        (np.nan, "scale must be finite"),
    ],
)
def test_another_lambda_is_refused(scale, message, policy):
    with pytest.raises(ConfigurationError, match=message):
        LatentSteering(policy, scale=scale, observation_dim=3)


def test_the_published_rule_needs_a_policy_that_knows_its_latents():
    policy = LinearPolicy(3, 2)
    del policy.latent_rms
    with pytest.raises(PolicyMismatchError, match=r"'published' needs .* Give scale as a number"):
        LatentSteering(policy, scale="published", observation_dim=3)


def test_a_scale_that_has_to_be_played_for_names_what_plays(policy):
    with pytest.raises(ConfigurationError, match=r"Call zprl_env\.calibrate\.borne_scale"):
        LatentSteering(policy, scale="calibrate", observation_dim=3)  # type: ignore[arg-type]


def test_by_the_rule_a_random_perturbation_is_as_long_as_the_demonstrations_latents(policy):
    generator = np.random.default_rng(0)
    mixing = generator.standard_normal((2, 2))
    demonstrated = generator.standard_normal((100_000, 2)) @ mixing
    policy.latent_covariance = np.cov(demonstrated.T)
    perturbations = auto_scale(policy) * generator.uniform(-1, 1, (100_000, 2))
    inverse = np.linalg.inv(policy.latent_covariance)

    def length(rows):
        return np.sqrt(np.mean(np.einsum("ni,ij,nj->n", rows, inverse, rows)))

    assert length(perturbations) == pytest.approx(length(demonstrated), rel=0.01)


def test_a_direction_that_the_demonstrations_leave_empty_makes_the_rule_careful(policy):
    scales = []
    for correlation in (0.0, 0.9, 0.999):
        policy.latent_covariance = np.array([[1.0, correlation], [correlation, 1.0]])
        scales.append(auto_scale(policy)[0])
    assert scales[0] > 2 * scales[1] > 8 * scales[2]


def test_without_a_covariance_the_rule_takes_half_of_what_the_dimensions_say(policy):
    policy.latent_covariance, policy.latent_rms = None, np.array([2.0, 2.0])
    np.testing.assert_allclose(auto_scale(policy), 0.5 * 2.0 * 3**0.5, rtol=1e-6)


def test_a_policy_that_knows_nothing_of_its_latents_needs_no_number_either():
    policy = LinearPolicy(3, 2)
    del policy.latent_rms
    steering = LatentSteering(policy, observation_dim=3)
    np.testing.assert_allclose(steering.scale, 0.5 * 3**0.5, rtol=1e-6)


def test_it_says_lambda_and_how_strong_that_is(policy):
    text = str(LatentSteering(policy, scale=0.5, observation_dim=3))
    assert text == "lambda 0.5, RMS(lambda dz) = 0.06 RMS(z) for dz uniform in [-1, 1]"
