"""The public fake policy does what its docstring says, in closed form."""

import numpy as np

from zprl_env.steerable import SteerablePolicy
from zprl_env.testing import LinearPolicy


def test_it_is_a_steerable_policy_of_the_sizes_it_was_given():
    policy = LinearPolicy(5, 3, latent_dim=4, horizon=6, n_action_steps=2)
    assert isinstance(policy, SteerablePolicy)
    features, mean, std = policy.encode(np.arange(10.0).reshape(2, 5))
    np.testing.assert_array_equal(features, np.arange(10.0).reshape(2, 5))
    np.testing.assert_array_equal(mean, features[:, :4])
    np.testing.assert_array_equal(std, np.full((2, 4), 0.1, np.float32))
    assert policy.decode(mean, np.zeros((2, 6, 3))).shape == (2, 6, 3)


def test_a_chunk_is_linear_in_the_latent_and_the_noise():
    policy, rng = LinearPolicy(3, 2), np.random.default_rng(0)
    z, x = rng.normal(size=(2, 1, 2)), rng.normal(size=(2, 1, 4, 2))
    base = policy.decode(0 * z[0], 0 * x[0])
    np.testing.assert_array_equal(base, np.zeros((1, 4, 2)))
    together = policy.decode(2 * z[0] + z[1], x[0] - x[1])
    parts = 2 * policy.decode(z[0], 0 * x[0]) + policy.decode(z[1], 0 * x[0])
    np.testing.assert_allclose(together, parts + 0.1 * (x[0] - x[1]), rtol=1e-5)


def test_every_action_of_a_chunk_is_the_same_without_noise():
    chunk = LinearPolicy(3, 2).decode(np.array([[1.0, -1.0]], np.float32), np.zeros((1, 4, 2)))
    assert (chunk == chunk[:, :1]).all()
    assert np.abs(chunk).max() > 0.1
