"""What a run leaves for the eye."""

from __future__ import annotations

from io import StringIO

import imageio.v3 as iio
import numpy as np
import pytest
from rich.console import Console

from zprl_env.evaluation import EvaluationResult
from zprl_env.success_rates import paired_difference
from zprl_env.training.run.history import History
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
    assert "No difference that 4 episodes can show: 2 gained, none lost" in text
    for part in ("25.0%", "4.6% - 69.9%", "75.0%", "30.1% - 95.4%", "30.0"):
        assert part in text
    assert "(+50 points, p = 0.5)" in text


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
    assert picture.shape[:2] == (720, 1050)
    assert picture.std() > 0


def test_the_final_table_gives_the_number_of_updates_and_fits_a_terminal(results):
    console = Console(file=StringIO(), width=80)
    base, steered = results.values()
    named = {"base policy, noise 0": base, "steered (latent, ppo_lstm)": steered}
    report.print_table(named, console=console, updates=12_345)
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert max(map(len, lines)) <= 80
    assert [line.split()[-1] for line in lines if line[:4] in ("base", "stee")] == ["-", "12,345"]
    assert "…" not in "".join(lines)


@pytest.mark.parametrize(
    ("base", "steered", "said"),
    [
        ([0] * 10, [1] * 10, "Better: 10 of 10 episodes gained, none lost"),
        ([1] * 10, [0] * 10, "Worse: none of 10 episodes gained, 10 lost"),
        ([1] * 10, [1] * 10, "No difference that 10 episodes can show: none gained, none lost"),
        ([0] * 3, [1] * 3, "No difference that 3 episodes can show: 3 gained, none lost"),
    ],
)
def test_the_verdict_is_told_in_a_sentence(base, steered, said):
    console = Console(file=StringIO(), width=80)
    results = {"base policy": result(base), "steered": result(steered)}
    difference = paired_difference(np.array(base, bool), np.array(steered, bool))
    report.print_table(results, difference, console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert said in text
    assert ("That takes" in text) == said.startswith("No difference")
