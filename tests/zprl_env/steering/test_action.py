"""Steering by a residual on the actions against its formula."""

from __future__ import annotations

import numpy as np
import pytest

from zprl_env.errors import ConfigurationError
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


def test_a_base_action_that_is_shown_is_the_one_that_is_executed():
    policy = LinearPolicy(3, 2)
    plain = ActionSteering(policy, observation_dim=3)
    shown = ActionSteering(policy, observation_dim=3, base_action=True)
    assert shown.observation_space.shape == (plain.observation_space.shape[0] + 4,)
    seen = np.ones((2, 3), np.float32)
    for action in (np.zeros((2, 4)), np.full((2, 4), 0.5)):
        ours, theirs = ([policy_generator(3), policy_generator(4)] for _ in range(2))
        for _ in range(3):  # fresh noise for each decision, the same for both
            _, z = plain.observe(seen, ours)
            observed, given = shown.observe(seen, theirs)
            expected = plain.act(action, z, ours)
            got = shown.act(action, given, theirs)
            np.testing.assert_array_equal(got.chunks, expected.chunks)
            np.testing.assert_array_equal(got.latents, expected.latents)
            base = got.chunks - 0.2 * action.reshape(2, 2, 2)
            np.testing.assert_allclose(observed[:, -4:], base.reshape(2, 4), atol=1e-6)


def test_only_true_or_false_shows_it():
    with pytest.raises(ConfigurationError, match=r"base_action must be true or false\. Got: 'yes'"):
        ActionSteering(LinearPolicy(3, 2), observation_dim=3, base_action="yes")  # type: ignore[arg-type]


@pytest.mark.parametrize("scale", [0.0, 0.2])
def test_chunks_that_were_executed_come_back_as_residuals(scale):
    steering = ActionSteering(LinearPolicy(3, 2), observation_dim=3, scale=scale)
    z = np.ones((1, 2), np.float32)
    given = np.linspace(-1, 1, 4, dtype=np.float32)[None]
    chunks = steering.act(given, z, [policy_generator(0)]).chunks
    actions, left = steering.residuals(chunks + 0.01, z, [policy_generator(0)])
    np.testing.assert_allclose(actions, np.clip(given + 0.05, -1, 1) * (scale > 0), atol=1e-5)
    np.testing.assert_allclose(
        left, chunks + 0.01 - steering.act(actions, z, [policy_generator(0)]).chunks, atol=1e-6
    )
