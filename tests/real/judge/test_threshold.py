"""A threshold from episodes that a judge has not seen, for few false successes."""

from __future__ import annotations

import numpy as np
import pytest

from real.judge.threshold import Scored, choose, sustained, validate

RATE = 10.0


def told(scores, success, end=2):
    scores = np.array(scores, float)
    left = np.arange(len(scores), 0, -1)
    done = success & (left <= end)
    return Scored(scores, ~done, done, success)


GOOD = told([0.1, 0.1, 0.6, 0.9, 0.95], True)
FAILED = told([0.1, 0.7, 0.2, 0.7, 0.1], False)


def test_steps_in_a_row_have_to_agree():
    assert sustained(np.array([0.9, 0.1, 0.9, 0.8]), 1).tolist() == [0.9, 0.1, 0.9, 0.8]
    # Ninety-nine frames of a hundred are right, and most episodes would end wrongly.
    flicker = told([0.99 if n % 50 == 0 else 0.0 for n in range(100)], False)
    assert validate([flicker], 0.5, 1, RATE).false_successes == 1
    assert validate([flicker], 0.5, 2, RATE).false_successes == 0


def test_the_threshold_leaves_no_false_success_among_those_it_has_not_seen():
    found = choose([GOOD, FAILED], 1, RATE)
    assert 0.7 < found.threshold < 0.95
    assert (found.false_successes, found.found, found.successes) == (0, 1, 1)
    assert found.delay == pytest.approx(0.0)
    assert "0 false successes" in str(found)
    assert "at most 0.6" in str(found)  # two episodes prove little


def test_some_may_be_allowed():
    found = choose([GOOD, FAILED, told([0.99], False)], 1, RATE, false_share=0.34)
    assert found.false_successes == 1
    assert found.per_hour == pytest.approx(1 / (11 / RATE / 3600.0))


def test_a_success_that_is_said_too_early_is_a_false_one():
    early = told([0.9, 0.1, 0.1, 0.9, 0.9], True)
    assert validate([early], 0.5, 1, RATE)[4:7] == (1, 1, 0)


def test_a_judge_that_cannot_tell_finds_nothing():
    found = choose([told([0.4] * 5, True), told([0.9] * 5, False)], 1, RATE)
    assert (found.false_successes, found.found) == (0, 0)
