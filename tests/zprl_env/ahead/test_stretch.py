"""What was executed since an observation, and where two chunks meet."""

from __future__ import annotations

import numpy as np
import pytest

from zprl_env.ahead.stretch import Stretch, seam

LINE = np.arange(5.0)[:, None] * np.array([[0.1, 0.0]])


@pytest.mark.parametrize(
    ("last", "jump"),
    [(LINE[0] - [0.1, 0.0], 1.0), (LINE[0], 0.0), (LINE[0] + [0.0, 0.35], 3.5)],
)
def test_a_jump_is_measured_in_the_chunk_s_own_steps(last, jump):
    assert seam(last, LINE) == pytest.approx(jump)


def test_there_is_no_jump_without_a_chunk_before_or_steps_within():
    assert seam(None, LINE) is None
    assert seam(LINE[0], LINE[:1]) is None
    assert seam(LINE[0], np.zeros((4, 2))) is None


def test_it_is_over_with_either_end():
    assert not Stretch().over
    assert Stretch(terminated=True).over
    assert Stretch(truncated=True).over
