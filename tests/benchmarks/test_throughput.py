"""The benchmark of throughput plays the same thing in every way that it compares."""

from __future__ import annotations

import json

import pytest

from benchmarks import throughput
from benchmarks.tools import turns
from zprl_env.errors import UnknownNameError, ZprlError


def test_sbx_learns_where_it_is_installed(monkeypatch):
    monkeypatch.setattr(throughput, "find_spec", lambda _: None)
    assert [*throughput.learners(2)] == [("torch", False), ("torch", True)]
    monkeypatch.setattr(throughput, "find_spec", lambda _: "sbx")
    assert [*throughput.learners(1)] == [("torch", False), ("sbx", False)]


@pytest.mark.slow
def test_a_task_without_a_policy_is_measured_as_far_as_it_goes(tmp_path, monkeypatch, capsys):
    pytest.importorskip("metaworld")
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    throughput.Run(("reach",), seconds=0.0, out=tmp_path)()
    content = json.loads((tmp_path / "reach.json").read_text())
    assert list(content["steps_per_second"]) == ["1"]
    assert list(content["steps_per_second"]["1"]) == ["physics", "own", "ours"]
    assert len(content["reset_ms"]) == turns.RESETS
    assert content["memory_mib"] > 50
    assert content["policy_us"] is None
    assert content["machine"]["python"]
    throughput.Summary(tmp_path)()
    assert "| reach |" in capsys.readouterr().out
    assert "| reach |" in (tmp_path / "table.md").read_text()


def test_scaling_is_measured(shipped_point, monkeypatch):
    monkeypatch.setattr(throughput, "WORKERS", (1,))
    monkeypatch.setattr(throughput, "LEARNING_SECONDS", 0.0)
    assert throughput.scale(shipped_point, 0.0)["steps_per_second"][1][0] > 0


def test_the_committed_tables_are_what_was_measured():
    committed = (throughput.RESULTS / "table.md").read_text(encoding="utf-8")
    assert committed == throughput.summary()


def test_mistakes_are_told(tmp_path):
    with pytest.raises(UnknownNameError, match="did you mean 'Lift'"):
        throughput.COMMAND.parse(["run", "Lfit"])
    with pytest.raises(ZprlError, match=r"Expected results in .* Got: none"):
        throughput.summary(tmp_path)
    with pytest.raises(ZprlError, match=r"seconds must be a number of at least 0. Got: nan"):
        throughput.COMMAND.parse(["run", "--seconds", "nan"])
