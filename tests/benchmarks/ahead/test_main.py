"""The benchmark keeps what it measures, and its committed tables are of what was measured."""

from __future__ import annotations

import json

import pytest

from benchmarks.ahead import beat
from benchmarks.ahead.__main__ import (
    BEAT_TABLE,
    COMMAND,
    RESULTS,
    RUNS,
    TABLE,
    beat_table,
    planned,
    table,
)
from zprl_env.errors import UnknownNameError, ZprlError


def test_what_is_measured_is_kept_and_printed(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(beat, "POLICIES", (1,))
    monkeypatch.setattr(beat, "RATES", (30,))
    COMMAND.parse(["beat", "--seconds", "0.2", "--out", str(tmp_path)])()
    rows = json.loads((tmp_path / "beat.json").read_text())["rows"]
    assert [row["inference"] for row in rows] == ["sync", "ahead"]
    assert (tmp_path / BEAT_TABLE).read_text() in capsys.readouterr().out


def test_the_committed_tables_are_what_was_measured():
    assert (RESULTS / BEAT_TABLE).read_text(encoding="utf-8") == beat_table()
    assert (RESULTS / TABLE).read_text(encoding="utf-8") == table()


def test_no_gap_of_those_committed_was_irregular_by_more_than_a_period():
    rows = json.loads((RESULTS / "beat.json").read_text())["rows"]
    ahead = [row for row in rows if row["inference"] == "ahead"]
    assert len(ahead) == len(beat.POLICIES) * len(beat.RATES)
    for row in ahead:
        assert (row["irregular"], row["brakes"], row["stop"]) == (0, 0, "")


def test_runs_are_planned_by_name(tmp_path):
    assert [one.kept.name for one in planned((), tmp_path)] == [*RUNS]
    with pytest.raises(UnknownNameError, match="unknown run 'ahed-0'"):
        planned(("ahed-0",))


def test_nothing_is_no_table(tmp_path):
    with pytest.raises(ZprlError, match="Expected runs in"):
        table(tmp_path)
    with pytest.raises(ZprlError, match=r"seconds must be positive\. Got: 0"):
        COMMAND.parse(["beat", "--seconds", "0"])
