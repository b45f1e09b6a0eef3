"""Steering by a residual on the actions against its formula."""

from __future__ import annotations

import numpy as np

from zprl_env.steering import ActionSteering
from zprl_env.steering.base import policy_generator
from zprl_env.testing import LinearPolicy


def test_the_residual_is_added_to_the_executed_actions():
    policy = LinearPolicy(3, 2, n_action_steps=3)
    steering = ActionSteering(policy, observation_dim=3, noise="zero")
    assert steering.agent_dim == 6
    z = np.array([[1.0, 2.0]], np.float32)
    action = np.linspace(-1, 1, 6, dtype=np.float32)[None]
    decision = steering.act(action, z, [policy_generator(0)])
    base = policy.decode(z, np.zeros((1, 4, 2), np.float32))[:, :3]
    np.testing.assert_allclose(decision.chunks - base, 0.2 * action.reshape(1, 3, 2), atol=1e-6)


def test_the_policy_s_own_chunk_is_left_as_it_was():
    policy = LinearPolicy(3, 2)
    kept = np.zeros((1, 4, 2), np.float32)
    policy.decode = lambda latents, noise: kept  # type: ignore[method-assign]
    steering = ActionSteering(policy, observation_dim=3)
    steering.act(np.ones((1, 4)), np.zeros((1, 2)), [policy_generator(0)])
    assert not kept.any()
