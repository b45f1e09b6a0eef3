"""Steering latent and noise together against the two formulas it is made of."""

from __future__ import annotations

import numpy as np
import pytest

from zprl_env.errors import ConfigurationError
from zprl_env.steering import JointSteering
from zprl_env.testing import LinearPolicy


def test_the_first_numbers_move_the_latent_and_the_others_the_whole_chunk_s_noise():
    steering = JointSteering(LinearPolicy(3, 2), scale=0.5, noise_bound=2.0, observation_dim=3)
    action = np.array([[1.0, -1.0, 0.5, -0.25]], np.float32)
    moved = steering.perturb(action, np.zeros((1, 2)), np.zeros((1, 4, 2)))
    np.testing.assert_allclose(moved.latents, [[0.5, -0.5]])
    np.testing.assert_allclose(moved.noise, np.tile([1.0, -0.5], (1, 4, 1)))


def test_a_bound_below_zero_is_refused():
    with pytest.raises(ConfigurationError, match=r"noise_bound must be a finite number and at"):
        JointSteering(LinearPolicy(3, 2), scale=0.5, noise_bound=-1.0, observation_dim=3)
