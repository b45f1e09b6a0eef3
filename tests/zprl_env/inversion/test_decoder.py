"""The decoder is inverted: what was steered is found again, and the rest is left over."""

from __future__ import annotations

import numpy as np
import pytest

from zprl_env.errors import ConfigurationError
from zprl_env.inversion import invert
from zprl_env.loading.resolve import resolve_policy
from zprl_env.steering import LatentSteering
from zprl_env.testing import LinearPolicy


@pytest.fixture(scope="module")
def lift() -> LatentSteering:
    policy = resolve_policy("Lift")
    return LatentSteering(policy, scale=1.0, observation_dim=19)


def steered(steering: LatentSteering, count: int, size: float):
    """Decide for random latents of the demonstrations' spread: chunks, latents, noise, dz."""
    rng = np.random.default_rng(0)
    policy = steering.policy
    shown = steering.demonstrated
    latents = (shown.mean + shown.std * rng.normal(size=(count, policy.latent_dim))).astype("f4")
    noise = rng.normal(size=(count, policy.horizon, policy.action_dim)).astype("f4")
    dz = rng.uniform(-size, size, (count, policy.latent_dim)).astype("f4")
    chunks, _ = steering.decode(policy.decode, dz, latents, noise)
    return chunks, latents, noise, dz


def test_a_steered_chunk_is_found_again(lift):
    chunks, latents, noise, dz = steered(lift, 60, 0.6)
    found = invert(lift, chunks, latents, noise, iterations=40)
    base, _ = lift.decode(lift.policy.decode, 0 * dz, latents, noise)
    left = np.mean(found.residual**2, axis=(1, 2))
    assert np.median(left / np.mean((chunks - base) ** 2, axis=(1, 2))) < 1e-2
    decoded, _ = lift.decode(lift.policy.decode, found.actions, latents, noise)
    np.testing.assert_allclose(decoded + found.residual, chunks, atol=1e-5)


def test_the_base_policy_s_own_chunk_needs_no_perturbation(lift):
    chunks, latents, noise, _ = steered(lift, 10, 0.0)
    found = invert(lift, chunks, latents, noise)
    assert not found.actions.any()
    assert not found.residual.any()


def test_it_is_the_least_squares_solution_where_the_decoder_is_linear():
    policy = LinearPolicy(observation_dim=3, action_dim=3)
    steering = LatentSteering(policy, scale=0.5, observation_dim=3, noise="zero")
    rng = np.random.default_rng(1)
    latents = rng.normal(size=(20, 2)).astype("f4")
    chunks = rng.normal(size=(20, 2, 3)).astype("f4")
    found = invert(steering, chunks, latents, iterations=30)
    assert (np.abs(found.actions) <= 1.0).all()
    matrix = np.tile(0.5 * policy._weights, (1, 2)).T
    wanted = (chunks - (latents @ policy._weights)[:, None]).reshape(20, -1)
    free = (np.abs(found.actions) < 1.0).all(axis=1)
    for row in np.flatnonzero(free):
        expected = np.linalg.lstsq(matrix, wanted[row], rcond=None)[0]
        np.testing.assert_allclose(found.actions[row], expected, atol=1e-3)
    assert 0 < free.sum() < 20
    # At a bound no feasible step is any better.
    left = np.sum(found.residual**2, axis=(1, 2))
    for _ in range(50):
        near = np.clip(found.actions + rng.normal(size=(20, 2)) * 0.01, -1, 1)
        other = np.sum((wanted - near @ matrix.T) ** 2, axis=1)
        assert (other >= left - 1e-4).all()


def test_chunks_of_another_shape_are_refused(lift):
    with pytest.raises(ConfigurationError, match=r"shape \(B, 8, 7\)\. Got: \(1, 4, 7\)"):
        invert(lift, np.zeros((1, 4, 7)), np.zeros((1, 8)))
