"""Steering the flow's noise against its formula, with DSRL's defaults."""

from __future__ import annotations

import numpy as np

from zprl_env.steering import NoiseSteering
from zprl_env.testing import LinearPolicy


def test_the_action_is_the_noise_of_every_number_of_the_chunk():
    steering = NoiseSteering(LinearPolicy(3, 2), scale=1.5, observation_dim=3)
    action = np.linspace(-1, 1, 8, dtype=np.float32)[None]
    moved = steering.perturb(action, np.ones((1, 2)), np.zeros((1, 4, 2), np.float32))
    np.testing.assert_allclose(moved.noise, 1.5 * action.reshape(1, 4, 2))
    np.testing.assert_array_equal(moved.latents, np.ones((1, 2)))


def test_without_more_said_the_agent_alone_chooses_and_nothing_is_drawn():
    steering = NoiseSteering(LinearPolicy(3, 2), observation_dim=3)
    assert (steering.scale, steering.noise, steering.sample_latent) == (1.5, "zero", False)
    told = NoiseSteering(LinearPolicy(3, 2), observation_dim=3, scale=0.0, noise="fresh")
    assert (told.scale, told.noise) == (0.0, "fresh")
