"""The benchmark of people at the arm differs in who helps alone, and says what it took."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.people import COMMAND, RESULTS, judge_folder, planned
from benchmarks.tools import training
from benchmarks.tools.training import Planned
from zprl_env.errors import UnknownNameError, ZprlError
from zprl_env.training.command_line import parse


def test_runs_differ_in_who_helps_alone():
    runs = {run.kept.name: parse(["--env", run.task, *run.arguments.split()]) for run in planned()}
    assert {name: run.seed for name, run in runs.items()} == {name: int(name[-1]) for name in runs}
    nobody, person, judge, hasty, failure = (
        runs[f"{way}-0"] for way in ("nobody", "person", "judge", "hasty", "failure")
    )
    assert replace(hasty, teleoperator=None, takeover=nobody.takeover) == nobody
    assert replace(person, teleoperator_kwargs=()) == hasty
    assert replace(failure, takeover_bootstrap=True) == hasty
    assert replace(judge, judge=None) == nobody
    assert judge.judge == judge_folder()


def test_a_judge_is_named_by_no_path_of_a_machine():
    assert not judge_folder().is_absolute()
    assert judge_folder(Path("/elsewhere")).is_absolute()


def test_runs_go_where_their_results_are_kept(tmp_path, monkeypatch):
    told: list[Planned] = []
    monkeypatch.setattr(training, "train", told.append)
    COMMAND.parse(["run", "person-1", "--out", str(tmp_path)])()
    assert [run.kept for run in told] == [tmp_path / "person-1"]
    with pytest.raises(UnknownNameError, match="unknown run 'nobody-9'"):
        COMMAND.parse(["run", "nobody-9"])


def test_a_judge_is_trained_before_the_first_run_that_needs_it(tmp_path, monkeypatch):
    told: list[list[str]] = []

    def run(command, **_):
        told.append(command[2:])
        return subprocess.CompletedProcess(command, returncode=len(told) - 1)

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(ZprlError, match=r"real\.judge must end well\. Got: exit code 1"):
        COMMAND.parse(["run", "judge-1", "nobody-0", "--out", str(tmp_path)])()
    played, trained = told
    recording = str(judge_folder(tmp_path).with_name("judge-work") / "seen.hdf5")
    assert (played[0], played[-1]) == ("real.play", recording)
    assert trained[:3] == ["real.judge", "train", recording]
    assert trained[-1] == str(judge_folder(tmp_path))


def test_the_table_says_what_it_took(tmp_path, capsys):
    with pytest.raises(ZprlError, match="Start with 'run'"):
        COMMAND.parse(["summary", "--out", str(tmp_path)])()
    reached = {"validation": {"robot_minutes": 10.0, "episodes": 42}, "training": None}
    played = {"base": [0, 1], "drawn": [0, 1], "steered": [1, 1]}
    content = {
        "test": {name: {"successes": won} for name, won in played.items()},
        "reached": {"0.9": reached},
        **{"by_person": 5400, "env_steps": 54_000},
    }
    run = tmp_path / "person-0"
    run.mkdir()
    (run / "results.json").write_text(json.dumps(content))
    COMMAND.parse(["summary", "--out", str(tmp_path)])()
    told = capsys.readouterr().out
    assert "| person-0 | 0.50 (0.09-0.91) | 0.50 (0.09-0.91) | 1.00 (0.34-1.00) |" in told
    assert "| 10.0 (42) | not | 10% |" in told


def test_the_committed_table_is_what_was_measured():
    committed = (RESULTS / "table.md").read_text(encoding="utf-8")
    COMMAND.parse(["summary"])()
    assert (RESULTS / "table.md").read_text(encoding="utf-8") == committed
