"""A calibration's table and picture tell what each size of perturbation does."""

from __future__ import annotations

import io

import imageio.v3 as iio
import numpy as np
import pytest
from rich.console import Console

from zprl_env.calibrate.recommendation import Recommendation
from zprl_env.calibrate.report import draw, print_table
from zprl_env.calibrate.trial import Trial
from zprl_env.evaluation import EvaluationResult


def trial(scale: float, successes: str) -> Trial:
    won = np.array([letter == "x" for letter in successes])
    result = EvaluationResult(np.arange(len(won)), won, won + 5)
    return Trial(scale, result, 0.3 * scale, 1.0 + scale, 0.1 * scale)


BASE, TRIALS = trial(0.0, "xxxx----"), [trial(0.5, "xxx-x---"), trial(2.0, "xxxxxx--")]


def printed(recommendation: Recommendation) -> str:
    text = io.StringIO()
    print_table(BASE, TRIALS, recommendation, Console(file=text, width=120))
    return text.getvalue()


def test_the_table_counts_what_is_rescued_and_broken():
    rows = [line.split("\u2502") for line in printed(Recommendation(0.5, "Why.")).splitlines()]
    cells = {row[1].strip(): [cell.strip() for cell in row[2:-1]] for row in rows if len(row) > 3}
    assert cells["0"][1:3] == ["", ""]
    assert cells["0.5"][1:3] == ["+1 -1", "1"]
    assert cells["2"][1] == "+2 -0"
    assert cells["2"][3:] == ["0.60", "3.00", "20.0%"]
    assert cells["0"][0].startswith("0.50 (0.")


def test_the_recommendation_and_its_reason_close_it():
    assert printed(Recommendation(0.5, "Why.")).endswith("Recommended: --scale 0.5\nWhy.\n")
    assert "Recommended" not in printed(Recommendation(None, "None of these."))


@pytest.mark.parametrize("scale", [0.5, None])
def test_the_picture_marks_what_is_recommended(scale, tmp_path):
    pictures = []
    for chosen in (scale, 2.0):
        draw(tmp_path / "c.png", "Point", BASE, TRIALS, Recommendation(chosen, "Why."))
        pictures.append(iio.imread(tmp_path / "c.png"))
    assert pictures[0].shape[:2] == (930, 1350)
    assert (pictures[0] != pictures[1]).any()
    assert [path.name for path in tmp_path.iterdir()] == ["c.png"]
