"""Practice finds motions that hold the pen where it should point."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("gymnasium_robotics", reason="needs the adroit extra")

from zprl_env.experts.adroit.pen import practised_motions
from zprl_env.experts.adroit.pen_search import Practice


def test_the_practised_motions_are_few_and_do_what_they_remember():
    practice = Practice()
    motions = practised_motions()
    assert len(motions) <= 25
    seen = practice._perform(motions[0])
    np.testing.assert_allclose(seen[4::5], motions[0].axes, atol=2e-3)


def test_practice_finds_motions_that_hold_the_pen_somewhere():
    practice = Practice(seed=0, targets_per_side=3)
    practice.run(tries=12, first_guesses=8)
    assert practice.scores.max() > 0.9
    assert len(practice.best) == 9
    assert len(practice.few()) <= 9
