"""Actions of another unit than an environment's are told before anything moves."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from policies.foreign import ForeignPolicy
from policies.foreign.testing import LineGenerator
from policies.meaning.ranges import Ranges
from zprl_env import LatentSteeringWrapper
from zprl_env.errors import TaskMismatchWarning
from zprl_env.loading.resolve import resolve_policy
from zprl_env.meaning.actions import strange_actions
from zprl_env.testing import Reach

RADIANS, GRIPPER = [-1.6, -1.2, 0.0], [1.6, 1.2, 1.0]


def box(low, high):
    return gym.spaces.Box(np.asarray(low, np.float32), np.asarray(high, np.float32))


@pytest.mark.parametrize(
    ("learned", "space", "told"),
    [
        (Ranges.between(RADIANS, GRIPPER), box([-180, -180, 0], [180, 180, 100]), "within 2%"),
        (Ranges.between([-90.0], [90.0]), box([-3.2], [3.2]), "0 from -90 to 90 of [-3.2, 3.2]"),
        (Ranges.between([-1, 0.0], [1, 100.0]), box([-1, 0], [1, 1]), "1 from 0 to 100 of [0, 1]"),
        (Ranges.between([0.3], [0.6]), box([-1000], [1000]), "within 2%"),
        (Ranges.between([0.0], [500.0]), box([-1], [1]), "far beyond the bounds"),
    ],
)
def test_another_unit_is_told_with_both_sides(learned, space, told):
    assert told in strange_actions(SimpleNamespace(action_ranges=learned), space)


@pytest.mark.parametrize(
    ("learned", "space"),
    [
        (Ranges.around([0.0], [1.0]), box([-1], [1])),  # a gripper that opens and closes
        (Ranges.between([-1, 0.01], [1, 0.01]), box([-1, -1], [1, 1])),  # never turned
        (Ranges.between([-0.01, -1], [0.01, 1]), box([-1, -1], [1, 1])),  # hardly turned
        (Ranges.between([3.0], [500.0]), box([-np.inf], [np.inf])),
        (Ranges.between([0.0], [1.0]), box([0, 0], [1, 1])),  # told elsewhere
        (Ranges.unknown(1), box([-1], [1])),
    ],
)
def test_nothing_is_told_of_what_may_well_be(learned, space):
    assert strange_actions(SimpleNamespace(action_ranges=learned), space) == ""


@pytest.mark.parametrize("name", ["lift", "can", "box-close", "door", "real"])
def test_nothing_is_told_of_shipped_policies(name):
    policy: Any = resolve_policy(name)
    ends = np.ones(policy.action_dim, np.float32)
    assert policy.action_ranges.moved.any()
    assert strange_actions(policy, box(-ends, ends)) == ""


def test_it_is_told_when_a_policy_is_put_into_its_environment():
    generator: Any = LineGenerator(2, 2)
    generator.action_ranges = Ranges.between([-90.0, -90.0], [90.0, 90.0])
    with pytest.warns(TaskMismatchWarning, match="actions go far beyond the bounds"):
        LatentSteeringWrapper(gym.wrappers.TimeLimit(Reach(), 20), ForeignPolicy(generator))
