"""Steps of recorded episodes, and what is known of each."""

from __future__ import annotations

import numpy as np
import pytest

from policies.demonstrations import Demonstrations
from real.judge.examples import examples_of, folds
from tests.real.judge.conftest import episode, shown
from zprl_env.errors import ConfigurationError


def test_the_end_of_a_success_shows_it_and_the_second_before_says_nothing():
    success, failure = examples_of(shown(), 30.0)[:2]
    assert np.flatnonzero(success.done).tolist() == list(range(81, 90))
    assert np.flatnonzero(~success.done & ~success.not_done).tolist() == list(range(51, 81))
    assert not failure.done.any()
    assert failure.not_done.all()
    assert success.states.shape == (90, 3)


def test_episodes_that_nobody_judged_say_nothing_and_too_few_are_refused():
    few = [episode(n % 2 == 0, n) for n in range(9)] + [episode(None, 9)]
    with pytest.raises(ConfigurationError, match="Got: 5 and 4"):
        examples_of(Demonstrations(tuple(few), {}, ("near",)), 30.0)


def test_every_fold_has_its_share_of_successes():
    examples = examples_of(shown(7), 30.0)
    parts = folds(examples, 5, seed=0)
    assert sorted(np.concatenate(parts).tolist()) == list(range(14))
    for part in parts:
        outcomes = [examples[n].success for n in part]
        assert 1 <= sum(outcomes) <= 2
        assert 1 <= len(outcomes) - sum(outcomes) <= 2
