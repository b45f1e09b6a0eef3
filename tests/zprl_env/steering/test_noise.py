"""Steering the flow's noise against its formula, with DSRL's defaults."""

from __future__ import annotations

import numpy as np
import pytest

from zprl_env.errors import ConfigurationError
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


def test_the_noise_of_the_executed_steps_alone_is_chosen_and_the_last_one_repeated():
    steering = NoiseSteering(LinearPolicy(3, 2), noise_steps=2, observation_dim=3)
    assert steering.action_space.shape == (4,)
    action = np.array([[1.0, 2.0, 3.0, 4.0]], np.float32) / 4
    moved = steering.perturb(action, np.ones((1, 2)), np.zeros((1, 4, 2), np.float32))
    expected = 1.5 * np.array([[[1, 2], [3, 4], [3, 4], [3, 4]]]) / 4
    np.testing.assert_allclose(moved.noise, expected)


@pytest.mark.parametrize("steps", [0, 5, 1.5, True, "all"])
def test_steps_that_the_chunk_does_not_have_are_refused(steps):
    with pytest.raises(ConfigurationError, match=rf"from 1 to .* horizon 4\. Got: {steps!r}"):
        NoiseSteering(LinearPolicy(3, 2), noise_steps=steps, observation_dim=3)
