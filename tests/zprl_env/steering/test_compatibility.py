"""Environment and policy fit, or both sides are named with the wrapper that would help."""

from __future__ import annotations

import numpy as np
import pytest
from gymnasium import spaces

from zprl_env.errors import PolicyMismatchError
from zprl_env.steering.compatibility import check_compatible
from zprl_env.testing import LinearPolicy

OBSERVATIONS = spaces.Box(-1.0, 1.0, (3,))
ACTIONS = spaces.Box(-1.0, 1.0, (2,), np.float32)


def test_what_fits_tells_the_observation_s_size():
    assert check_compatible(OBSERVATIONS, ACTIONS, LinearPolicy(3, 2), 4) == 3


@pytest.mark.parametrize(
    ("observations", "actions", "steps", "message"),
    [
        (spaces.Discrete(3), ACTIONS, 2, r"flat Box observation\. Got: Discrete\(3\)\. Wrap"),
        (spaces.Box(0, 1, (5,)), ACTIONS, 2, r"size 3\. Got an .* size 5, Box.*FilterObservation"),
        (OBSERVATIONS, spaces.Box(0, 1, (7,)), 2, r"actions have size 2\. Got (.|\n)*TransformAction"),
        (OBSERVATIONS, spaces.Discrete(2), 2, r"action space Discrete\(2\)"),
        (OBSERVATIONS, ACTIONS, 5, r"at most the policy's horizon 4\. Got: 5, which you gave or"),
    ],
)
def test_what_does_not_is_refused(observations, actions, steps, message):
    with pytest.raises(PolicyMismatchError, match=message):
        check_compatible(observations, actions, LinearPolicy(3, 2), steps)
