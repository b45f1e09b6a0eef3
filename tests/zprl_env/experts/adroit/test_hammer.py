"""A stroke that misses is corrected by the next."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("gymnasium_robotics", reason="needs the adroit extra")

from zprl_env.experts import Quality

FIRST_SEED = 1_000_000


def test_a_stroke_that_misses_is_corrected_by_the_next(stages):
    sees_low = Quality(grasp_offset=(0.0, -0.06, 0.0), correction=1.0)
    missed = stages["hammer"].perform(FIRST_SEED, sees_low)
    plain = stages["hammer"].perform(FIRST_SEED, Quality())
    assert missed.success
    assert len(missed.trajectory) > len(plain.trajectory) + 20


def test_one_attempt_is_one_stroke(stages):
    blind = Quality(grasp_offset=(0.0, -0.06, 0.0), correction=0.0, attempts=1)
    episode = stages["hammer"].perform(FIRST_SEED, blind)
    assert not episode.success
    nail = episode.trajectory.observations
    assert all(np.isfinite(values).all() for values in nail.values())
