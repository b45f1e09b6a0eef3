"""The curve of a run is drawn again from what is kept of it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from benchmarks import curves
from benchmarks.tools.kept import RESULTS, find_runs
from zprl_env.errors import ZprlError
from zprl_env.evaluation import EvaluationResult
from zprl_env.training.run.history import History
from zprl_env.training.watch.report import draw_curve


def played(*successes: int) -> EvaluationResult:
    seeds = np.arange(len(successes))
    return EvaluationResult(seeds, np.array(successes, bool), seeds + 1)


HISTORY = History(
    env_steps=100,
    episode_ends=[10, 20],
    episode_successes=[True, False],
    evaluations=[(0, played(0, 1)), (100, played(1, 1))],
)
TEST = {"base policy": played(0, 1, 0), "steered": played(1, 1, 0)}


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "lift" / "sac-0"
    folder.mkdir(parents=True)
    results = {"test": {name: one.to_dict() for name, one in TEST.items()}}
    (folder / "results.json").write_text(json.dumps(results))
    (folder / "history.json").write_text(json.dumps(HISTORY.to_dict()))
    return folder


def test_it_is_the_picture_that_the_run_left(run, tmp_path, capsys):
    curves.COMMAND.parse([str(tmp_path)])()
    assert capsys.readouterr().out.strip() == str(run / "curve.png")
    draw_curve(tmp_path / "expected.png", HISTORY, TEST)
    assert (run / "curve.png").read_bytes() == (tmp_path / "expected.png").read_bytes()


def test_every_committed_run_can_be_drawn_and_none_has_a_picture_of_its_own():
    runs = find_runs(RESULTS)
    assert len(runs) > 50
    for run in runs:
        found = curves.outcomes(curves.KeptRun(run))
        assert all(result.episodes > 0 for result in found.values())
        assert curves.load_history(run).env_steps > 0
    assert (RESULTS / ".gitignore").read_text().splitlines()[-1] == curves.CURVE


def test_a_folder_without_a_run_is_told(tmp_path, run):
    (run / "results.json").unlink()  # a run that was cut off
    with pytest.raises(ZprlError, match=r"Expected a folder with a finished run .* Got: "):
        curves.Curves((tmp_path,))()
