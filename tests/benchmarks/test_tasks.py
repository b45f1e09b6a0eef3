"""The benchmark of tasks measures experts and simulators."""

from __future__ import annotations

import json

import pytest

from benchmarks import tasks
from zprl_env.errors import UnknownNameError, ZprlError


def test_an_expert_and_its_simulator_are_measured_and_kept(
    point_task, monkeypatch, tmp_path, capsys
):
    monkeypatch.setattr(tasks, "EPISODES", 3)
    monkeypatch.setattr(tasks, "RECIPES", {point_task: None})
    tasks.Run((point_task,), seconds=0.0, out=tmp_path)()
    content = json.loads((tmp_path / "point.json").read_text())
    assert content["expert"]["seeds"] == [500_000, 500_001, 500_002]
    assert len(content["expert"]["successes"]) == len(content["expert"]["lengths"]) == 3
    assert content["steps_per_second"] > 0
    tasks.Summary(tmp_path)()
    row = (tmp_path / "table.md").read_text().splitlines()[2]
    assert row.startswith(f"| {point_task} | tests | ")
    assert "| none yet |  |  |" in row
    assert row in capsys.readouterr().out


def test_the_committed_table_is_what_was_measured():
    assert (tasks.RESULTS / "table.md").read_text(encoding="utf-8") == tasks.table()


def test_mistakes_are_told():
    with pytest.raises(UnknownNameError, match="did you mean 'Lift'"):
        tasks.COMMAND.parse(["run", "Lfit"])
    with pytest.raises(ZprlError, match=r"seconds must be a number of at least 0. Got: inf"):
        tasks.COMMAND.parse(["run", "--seconds", "inf"])
