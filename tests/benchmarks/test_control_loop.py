"""The benchmark of the control loop counts what it says."""

from __future__ import annotations

import json

import pytest

from benchmarks import control_loop
from benchmarks.control_loop import Run, measure
from zprl_env.errors import ZprlError


def test_a_loop_that_is_not_disturbed_beats_as_often_as_asked_for():
    row = measure(50, seconds=0.4)
    assert row["beats"] == 20
    assert 0.0 <= row["p50_ms"] <= row["p99_ms"] <= row["max_ms"]
    assert row["missed"] >= 0


def test_what_is_measured_is_kept_and_printed(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(control_loop, "LEARNERS", ("none",))
    monkeypatch.setattr(control_loop, "RATES", (50,))
    control_loop.COMMAND.parse(["--seconds", "0.1", "--out", str(tmp_path)])()
    content = json.loads((tmp_path / "control_loop.json").read_text())
    assert content["seconds"] == 0.1
    assert content["rows"][0]["beats"] == 5
    text = (tmp_path / "control_loop.md").read_text()
    assert "| none | 50 | 5 |" in text
    assert text in capsys.readouterr().out


def test_a_learner_trains_in_a_thread_meanwhile():
    with control_loop.learning("thread"):
        assert control_loop._READY.is_set()


def test_the_committed_table_is_what_was_measured():
    committed = (control_loop.RESULTS / "control_loop.md").read_text(encoding="utf-8")
    assert committed == control_loop.table()


def test_no_time_is_no_measurement():
    with pytest.raises(ZprlError, match=r"seconds must be positive\. Got: 0"):
        Run(seconds=0.0)
