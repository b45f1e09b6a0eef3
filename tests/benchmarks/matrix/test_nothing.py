"""The base policy of plain reinforcement learning."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from zprl_env import make_env
from zprl_env.errors import UnknownNameError
from zprl_env.loading.resolve import resolve_policy
from zprl_env.steering.wrapper import ActionSteeringWrapper
from zprl_env.testing import check_policy


@pytest.mark.slow
def test_it_does_nothing_and_shows_the_observation():
    like: Any = resolve_policy("box-close")
    policy = resolve_policy("benchmarks.matrix.nothing:box_close")
    seen = np.random.default_rng(0).normal(size=(3, like.observation_dim)).astype(np.float32)
    np.testing.assert_array_equal(policy.encode(seen)[0], like.normalize(seen))
    assert not policy.decode(np.ones((3, 1)), np.ones((3, 16, 4), np.float32)).any()
    env = make_env("box-close")
    check_policy(policy, env)
    steered = ActionSteeringWrapper(env, policy, scale=1.0)
    assert steered.action_space.shape == (8 * 4,)
    env.close()


def test_there_is_one_for_every_shipped_policy():
    with pytest.raises(UnknownNameError, match="square_peg"):
        resolve_policy("benchmarks.matrix.nothing:square_peg")
