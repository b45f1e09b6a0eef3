"""The agent's action is added to the executed part of the chunk."""

from __future__ import annotations

import numpy as np
import pytest

from zprl_env.errors import ConfigurationError
from zprl_env.steering.action import ActionSteering
from zprl_env.testing import LinearPolicy

LATENTS = np.array([[1.0, -1.0], [0.5, 2.0]], np.float32)
NOISE = np.random.default_rng(0).normal(size=(2, 4, 2)).astype(np.float32)


@pytest.fixture
def steering() -> ActionSteering:
    return ActionSteering(LinearPolicy(3, 2), observation_dim=3, scale=0.2)


def test_the_executed_actions_are_those_of_the_policy_and_a_residual(steering):
    actions = np.random.default_rng(1).uniform(-1, 1, (2, 4)).astype(np.float32)
    chunks, decoded = steering.decode(steering.policy.decode, actions, LATENTS, NOISE)
    base = steering.policy.decode(LATENTS, NOISE)[:, :2]
    np.testing.assert_allclose(chunks, base + 0.2 * actions.reshape(2, 2, 2), rtol=1e-6)
    np.testing.assert_array_equal(decoded, LATENTS)


def test_its_action_is_as_large_as_what_is_executed():
    longer = ActionSteering(LinearPolicy(3, 2), observation_dim=3, n_action_steps=3)
    assert (longer.agent_dim, longer.scale) == (6, 0.2)
    assert longer.action_space.shape == (6,)


def test_its_strength_is_the_residual_s_root_mean_square(steering):
    np.testing.assert_allclose(steering.strength(np.array([[1, -1, 1, -1]], np.float32)), 0.2)


@pytest.mark.parametrize("scale", [-0.1, float("nan"), "auto"])
def test_an_impossible_size_is_refused(scale):
    with pytest.raises(ConfigurationError, match="scale must be a finite number and at least 0"):
        ActionSteering(LinearPolicy(3, 2), observation_dim=3, scale=scale)
