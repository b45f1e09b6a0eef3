"""Distances from the demonstrations' latents, whatever a policy knows of them."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from zprl_env.steering.demonstrated import DemonstratedLatents, row_norms


def test_the_demonstrations_own_latents_are_one_away_in_the_root_mean_square():
    rng = np.random.default_rng(0)
    mean, std, inner = rng.normal(size=(3, 4)) ** 2 + 0.1
    policy = SimpleNamespace(
        latent_dim=4, latent_mean=mean, latent_std=std, latent_posterior_std=inner
    )
    draws = mean + np.hypot(std, inner) * rng.standard_normal((20_000, 4))
    distances = DemonstratedLatents.of(policy).distance(draws)
    assert np.sqrt(np.mean(distances**2)) == pytest.approx(1.0, rel=0.02)


def test_a_policy_that_knows_nothing_gets_a_standard_normal():
    known = DemonstratedLatents.of(SimpleNamespace(latent_dim=2))
    np.testing.assert_allclose(known.distance(np.array([[3.0, 4.0]])), 5.0 / np.sqrt(2.0))


def test_a_dimension_that_is_never_used_does_not_divide_by_zero():
    policy = SimpleNamespace(latent_dim=2, latent_std=np.array([0.0, 1.0]))
    assert np.isfinite(DemonstratedLatents.of(policy).distance(np.zeros((1, 2)))).all()


def test_row_norms_are_numpy_s():
    rows = np.random.default_rng(0).normal(size=(5, 7))
    np.testing.assert_allclose(row_norms(rows), np.linalg.norm(rows, axis=1))
