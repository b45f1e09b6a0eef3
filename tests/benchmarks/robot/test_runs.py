"""Runs on the robot tasks go where their results are kept."""

from __future__ import annotations

import pytest

from benchmarks.robot.__main__ import COMMAND
from benchmarks.robot.runs import TASKS, WAYS, planned
from benchmarks.tools import training
from benchmarks.tools.training import Planned
from zprl_env.errors import UnknownNameError


def test_runs_go_where_their_results_are_kept(tmp_path, monkeypatch):
    told: list[Planned] = []
    monkeypatch.setattr(training, "train", told.append)
    COMMAND.parse(["train", "action-0", "open-box/latent-1", "--out", str(tmp_path)])()
    first, second = told
    assert (first.kept, first.task) == (tmp_path / "action-0", "Real")
    assert "--steer action --eval-every" in first.arguments
    assert (second.kept, second.task) == (tmp_path / "open-box" / "latent-1", "Real-open-box")
    assert "--total-env-steps 36000 --seed 1 --evaluate False" in second.arguments


def test_every_task_has_its_turn_before_the_next_way():
    runs = planned(())
    assert len(runs) == len(TASKS) * len(WAYS)
    assert [run.task for run in runs[:4]] == [task.env for task in TASKS.values()]
    assert {run.kept.name for run in runs[:4]} == {"latent-0"}


def test_mistakes_are_told():
    with pytest.raises(UnknownNameError, match="unknown run 'latent-9'"):
        COMMAND.parse(["train", "latent-9"])
    with pytest.raises(UnknownNameError, match="unknown robot task 'flip'"):
        COMMAND.parse(["play", "flip"])
