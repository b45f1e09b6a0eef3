"""An environment and a policy that do not fit are both named, with the wrapper that would help."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from zprl_env.errors import PolicyMismatchError
from zprl_env.steering.compatibility import check_compatible
from zprl_env.testing import LinearPolicy

POLICY = LinearPolicy(3, 2)
SEEN = gym.spaces.Box(-1.0, 1.0, (3,), np.float32)
DONE = gym.spaces.Box(-1.0, 1.0, (2,), np.float32)


def test_what_fits_is_told_by_its_size():
    assert check_compatible(SEEN, DONE, POLICY, 4) == 3


@pytest.mark.parametrize(
    ("observations", "actions", "steps", "message"),
    [
        (gym.spaces.Discrete(3), DONE, 2, r"flat Box observation\. Got: Discrete\(3\)"),
        (gym.spaces.Box(0, 1, (3, 3)), DONE, 2, "FlattenObservation"),
        (gym.spaces.Box(0, 1, (5,)), DONE, 2, "of size 3. Got an environment .* of size 5"),
        (SEEN, gym.spaces.Box(0, 1, (3,)), 2, "actions have size 2. Got .*TransformAction"),
        (SEEN, gym.spaces.Discrete(2), 2, r"actions have size 2\. Got .* Discrete\(2\)"),
        (SEEN, DONE, 5, r"at most the policy's horizon 4\. Got: 5"),
    ],
)
def test_what_does_not_fit_is_refused(observations, actions, steps, message):
    with pytest.raises(PolicyMismatchError, match=message):
        check_compatible(observations, actions, POLICY, steps)


def test_a_policy_that_does_not_say_what_it_sees_takes_any_size():
    policy = LinearPolicy(3, 2)
    del policy.observation_dim
    assert check_compatible(gym.spaces.Box(0, 1, (9,)), DONE, policy, 2) == 9
