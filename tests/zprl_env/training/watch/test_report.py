"""What a run leaves for the eye."""

from __future__ import annotations

from io import StringIO

import imageio.v3 as iio
import numpy as np
import pytest
from imageio_ffmpeg import count_frames_and_secs  # type: ignore[import-untyped]
from rich.console import Console

from zprl_env.evaluation import EvaluationResult
from zprl_env.success_rates import paired_difference
from zprl_env.testing import LinearPolicy
from zprl_env.training.run.history import History
from zprl_env.training.settings.recipe import Recipe
from zprl_env.training.watch import report


def result(successes: list[int]) -> EvaluationResult:
    count = len(successes)
    return EvaluationResult(np.arange(count), np.array(successes, bool), np.full(count, 30))


@pytest.fixture
def results() -> dict[str, EvaluationResult]:
    return {"base policy": result([0, 1, 0, 0]), "steered": result([1, 1, 1, 0])}


def test_the_table_gives_rates_with_their_intervals_and_the_paired_difference(results):
    console = Console(file=StringIO(), width=100)
    base, steered = results.values()
    report.print_table(results, paired_difference(base.successes, steered.successes), console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    for part in ("25.0%", "4.6% - 69.9%", "75.0%", "30.1% - 95.4%", "30.0"):
        assert part in text
    assert "+50.0%: 2 episodes gained, 0 lost (exact McNemar p = 0.5)" in text


@pytest.mark.parametrize(
    "history",
    [
        History(env_steps=100),
        History(
            env_steps=100,
            episode_ends=[30, 60, 90],
            episode_successes=[False, True, True],
            evaluations=[(0, result([0, 1])), (50, result([1, 1]))],
        ),
    ],
    ids=["empty", "full"],
)
def test_the_curve_is_a_picture(history, results, tmp_path):
    report.draw_curve(tmp_path / "curve.png", history, results)
    picture = iio.imread(tmp_path / "curve.png")
    assert picture.shape[:2] == (630, 1050)
    assert picture.std() > 0


def test_the_film_shows_every_environment_step(point_task, tmp_path):
    policy = LinearPolicy(3, 2)
    policy._weights *= 0.0  # the point stays, and the time limit of 20 steps ends it
    pictures = report.film(point_task, policy, "latent", Recipe(), None, seed=3)
    assert pictures.shape == (21, 64, 64, 3)
    assert pictures.dtype == np.uint8
    report.write_video(tmp_path / "video.mp4", pictures, fps=10)
    frames, seconds = count_frames_and_secs(tmp_path / "video.mp4")
    assert (frames, seconds) == (21, pytest.approx(2.1))
