"""A latent's distance is measured by those that the demonstrations visit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.spatial.distance import mahalanobis

from policies.frozen import FrozenPolicy
from zprl_env.loading.resolve import resolve_policy
from zprl_env.steering.demonstrated import DemonstratedLatents, row_norms
from zprl_env.testing import LinearPolicy


@pytest.fixture
def policy() -> LinearPolicy:
    return LinearPolicy(observation_dim=3, action_dim=2)


def test_the_distance_is_scipy_s_over_the_demonstrations_own(lift_policy):
    policy: Any = resolve_policy(lift_policy)
    inverse = np.diag(1.0 / (policy.latent_std**2 + policy.latent_posterior_std**2))
    latents = np.random.default_rng(0).normal(size=(5, 8))
    expected = [mahalanobis(z, policy.latent_mean, inverse) / np.sqrt(8) for z in latents]
    np.testing.assert_allclose(DemonstratedLatents.of(policy).distance(latents), expected)
    assert 0.01 < policy.latent_posterior_std.mean() < 0.1


def test_a_checkpoint_that_says_nothing_of_its_posteriors_is_taken_to_have_none(point_policy):
    policy = FrozenPolicy.load(point_policy)
    assert "posterior_std" not in policy.metadata["latent"]
    np.testing.assert_array_equal(policy.latent_posterior_std, [0.0, 0.0])
    np.testing.assert_array_equal(DemonstratedLatents.of(policy).std, [1.0, 1.0])


def test_a_latent_that_the_demonstrations_never_moved_is_no_division_by_zero(policy):
    policy.latent_rms = np.array([1.0, 0.0], np.float32)
    assert np.isfinite(DemonstratedLatents.of(policy).distance(np.zeros((1, 2)))).all()


def test_demonstrations_of_any_size_are_at_distance_one():
    rng = np.random.default_rng(0)
    for size in (1, 8, 64):
        policy: Any = LinearPolicy(3, 2, latent_dim=size)
        policy.latent_mean, policy.latent_std = rng.normal(size=(2, size))
        policy.latent_std = np.abs(policy.latent_std)
        drawn = policy.latent_mean + policy.latent_std * rng.normal(size=(20_000, size))
        distances = DemonstratedLatents.of(policy).distance(drawn)
        assert np.sqrt(np.mean(distances**2)) == pytest.approx(1.0, abs=0.02)


def test_norms_are_numpy_s():
    rows = np.random.default_rng(0).normal(size=(5, 3))
    np.testing.assert_allclose(row_norms(rows), np.linalg.norm(rows, axis=1))
