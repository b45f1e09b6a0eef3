"""The benchmark of steering keeps its runs and draws up what they say."""

from __future__ import annotations

import json

import numpy as np
import pytest

from benchmarks import steering
from benchmarks.tools import training
from benchmarks.tools.training import Planned
from zprl_env.errors import UnknownNameError
from zprl_env.evaluation import EvaluationResult

PNG = b"\x89PNG"


def played(*successes: int) -> dict:
    seeds = range(len(successes))
    lengths = np.arange(1, len(successes) + 1)
    return EvaluationResult(np.array(seeds), np.array(successes, bool), lengths).to_dict()


@pytest.fixture
def out(tmp_path):
    """Results with one run in them."""
    folder = tmp_path / "lift" / "sac-0"
    folder.mkdir(parents=True)
    results = {
        "test": {"base": played(0, 1), "noise 0": played(0, 0), "steered": played(1, 1)},
        "paired_difference": {"difference": 0.5, "p_value": 1.0},
        "env_steps": 12_345,
        "seconds": 600.0,
    }
    explored = [True] * 100 + [False] * 25
    history = {
        "episode_successes": explored,
        "evaluations": [[0, played(0, 1)], [10_000, played(1, 1)]],
    }
    (folder / "results.json").write_text(json.dumps(results))
    (folder / "history.json").write_text(json.dumps(history))
    return tmp_path


def test_the_table_and_the_picture_are_made_of_the_runs_alone(out, capsys):
    steering.Summary(out=out)()
    text = (out / "lift" / "table.md").read_text()
    (row,) = text.splitlines()[2:]
    told = steering.RUNS["Lift"]["sac-0"]
    assert row.startswith(f"| sac-0 | `{told}` | 0.50 | 1.00 | 0.34 - 1.00 ")
    assert row.endswith("| +0.50 | 1 | 0.75 | 12,345 | 10 |")
    assert text in capsys.readouterr().out
    assert (out / "lift" / "curves.png").read_bytes().startswith(PNG)
    assert [path.name for path in out.iterdir()] == ["lift"]  # the other tasks have no runs


def test_runs_that_are_kept_are_left_alone_unless_asked_for_again(out, monkeypatch, capsys):
    told: list[Planned] = []
    monkeypatch.setattr(training, "train", told.append)
    steering.COMMAND.parse(["run", "Lift", "sac-0", "ppo-0", "--out", str(out)])()
    assert [run.kept for run in told] == [out / "lift" / "ppo-0"]
    assert told[0].arguments == steering.RUNS["Lift"]["ppo-0"]
    assert "Lift sac-0: kept already, left alone; --again does it anew" in capsys.readouterr().out
    steering.COMMAND.parse(["run", "Lift", "sac-0", "--again", "--out", str(out)])()
    assert [run.kept.name for run in told] == ["ppo-0", "sac-0"]


@pytest.mark.parametrize("task", [task for task in steering.RUNS if steering.load(task)])
def test_the_committed_tables_are_what_the_committed_runs_say(task):
    committed = (steering.folder(task) / "table.md").read_text(encoding="utf-8")
    assert committed == steering.table(task, steering.load(task))


def test_mistakes_are_told():
    with pytest.raises(UnknownNameError, match="unknown task 'Lfit'; did you mean 'Lift'"):
        steering.COMMAND.parse(["run", "Lfit"])
    with pytest.raises(UnknownNameError, match="unknown run 'sac-9'"):
        steering.COMMAND.parse(["run", "Lift", "sac-9"])
