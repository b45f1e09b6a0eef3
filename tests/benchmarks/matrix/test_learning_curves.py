"""Learning curves over environment steps."""

from __future__ import annotations

import numpy as np

from benchmarks.matrix.cell import Cell
from benchmarks.matrix.learning_curves import curve, draw
from benchmarks.tools.kept import keep_compact


def test_a_curve_is_the_mean_over_seeds_of_what_was_over_by_then():
    ends = [100, 200, 300, 400]
    found = curve([(ends, [0, 0, 1, 1]), (ends, [1, 1, 1, 1])], budget=400, points=4)
    assert found.steps.tolist() == ends
    np.testing.assert_allclose(found.mean, [0.5, 0.5, (1 / 3 + 1) / 2, 0.75])
    np.testing.assert_allclose(found.low, [0.0, 0.0, 1 / 3, 0.5])
    np.testing.assert_allclose(found.high, 1.0)


def test_seeds_that_agree_have_no_band():
    found = curve([([50, 90], [1, 0])] * 3, budget=100, points=2)
    np.testing.assert_array_equal(found.low, found.high)


def test_a_study_is_drawn_as_far_as_it_has_come(tmp_path):
    history = {"episode_ends": [9_000, 30_000], "episode_successes": [0, 1]}
    keep_compact(Cell("ideas", "Lift", "wide", 10, tmp_path).file, {"history": history})
    draw(tmp_path / "curves.png", "ideas", tmp_path)
    assert (tmp_path / "curves.png").read_bytes()[:4] == b"\x89PNG"
