"""Ranges of training data, however a policy keeps them."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from policies.meaning.ranges import Ranges, of_normalizer
from policies.model.normalizer import Normalizer


def test_a_number_that_was_constant_has_no_width():
    found = Ranges.around([1.0, 2.0], [0.0, 1e-9])
    assert not found.moved.any()
    np.testing.assert_array_equal(found.low, found.high)


def test_what_a_normaliser_floored_or_never_saw_move_is_no_width_of_the_data():
    rng = np.random.default_rng(0)
    observations = rng.normal([5.0, 0.0, 0.0, 3.0], [2.0, 1.0, 1e-3, 0.0], (500, 4))
    normalizer = Normalizer(4, 1)
    normalizer.fit(observations, np.zeros((1, 1)))
    found = of_normalizer(normalizer.observation_mean.numpy(), normalizer.observation_std.numpy())
    assert found.moved.tolist() == [True, True, False, False]
    assert found.low[0] == pytest.approx(5.0 - 6.0, abs=0.3)
    assert found.low[3] == found.high[3] == 3.0


@pytest.mark.parametrize(
    "ranges",
    [None, 3, (1, 2), Ranges(np.ones(2), np.zeros(2), np.ones(2)), Ranges(*np.zeros((3, 2, 2)))],
)
def test_what_is_none_is_not_compared_with(ranges):
    assert Ranges.of(SimpleNamespace(observation_ranges=ranges), "observation") is None


@pytest.mark.parametrize(("count", "known"), [(2, False), (9, False), (10, True), (None, True)])
def test_ranges_of_a_few_demonstrations_are_none(count, known):
    training = {} if count is None else {"demonstrations": count}
    policy = SimpleNamespace(
        action_ranges=Ranges.between([0.0], [1.0]), metadata={"training": training}
    )
    assert (Ranges.of(policy, "action") is not None) == known
