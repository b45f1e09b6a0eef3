"""The benchmark of vectorised policies counts decisions over all environments."""

from __future__ import annotations

import json

import pytest

from benchmarks import vectorised
from zprl_env.errors import UnknownNameError, ZprlError


def test_one_policy_plays_in_its_workers():
    pytest.importorskip("gymnasium_robotics")
    rate, memory = vectorised.turn("batched", "pen", 1, 0.0)
    assert rate > 0
    assert memory > 100


def test_the_table_holds_medians_of_rates_and_memory(tmp_path, capsys):
    ways = {"bare": [[10, 1], [20, 3], [30, 2]], "batched": [[10, 4]], "separate": [[5, 8]]}
    for task in ("Lift", "pen"):
        content = {"task": task, "decisions_per_second_and_mib": {"2": ways}}
        (tmp_path / f"{task}.json").write_text(json.dumps(content))
    vectorised.COMMAND.parse(["summary", "--out", str(tmp_path)])()
    text = (tmp_path / "table.md").read_text()
    one, two = text.split("\n\n")
    assert (one[:9], two[:8]) == ("| Lift, N", "| pen, N")
    assert one.endswith("| 2 | 20 | 10 | 5 | 0.50 | 2.00 | 2 | 4 | 8 |")
    assert text in capsys.readouterr().out


def test_task_and_seconds_are_told_by_their_places():
    run = vectorised.COMMAND.parse(["run", "box-close", "0.5"])
    assert run == vectorised.Run("box-close", 0.5)


def test_the_committed_table_is_what_was_measured():
    committed = (vectorised.RESULTS / "table.md").read_text(encoding="utf-8")
    assert committed == vectorised.table()


def test_mistakes_are_told():
    with pytest.raises(UnknownNameError, match="did you mean 'Lift'"):
        vectorised.COMMAND.parse(["run", "Lfit"])
    with pytest.raises(ZprlError, match=r"seconds must be a number of at least 0. Got: -1"):
        vectorised.Run("Lift", -1.0)
