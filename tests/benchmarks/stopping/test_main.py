"""The committed tables are what was measured, and it was safe."""

from __future__ import annotations

import json

import pytest

from benchmarks.stopping import latency, pool
from benchmarks.stopping.__main__ import (
    CAUSE_TABLE,
    COMMAND,
    FAULT_TABLE,
    FAULTS,
    LATENCY,
    PHASE_TABLE,
    RESULTS,
    fault_table,
    latency_table,
)
from benchmarks.stopping.faults import safe
from benchmarks.stopping.latency import Trial
from zprl_env.errors import ZprlError


def test_the_committed_tables_are_what_was_measured():
    assert (RESULTS / FAULT_TABLE).read_text(encoding="utf-8") == fault_table()
    assert (RESULTS / PHASE_TABLE).read_text(encoding="utf-8") == latency_table("phase")
    assert (RESULTS / CAUSE_TABLE).read_text(encoding="utf-8") == latency_table("cause")


def test_all_arms_of_the_committed_faults_rest_and_where_time_is_exact_none_was_unsafe():
    rows = json.loads((RESULTS / FAULTS).read_text())["rows"]
    assert len(rows) >= 500
    assert all(row["at_rest"] for row in rows)
    exact = [row for row in rows if row["robot"] in ("coasting", "two arms, coasting", "ideal")]
    assert len(exact) > 300
    assert [row for row in exact if not safe(row)] == []
    assert sum(not safe(row) for row in rows) <= 5  # which the page tells of: open
    assert sum(row["happened"] for row in rows) > 0.95 * len(rows)


def test_every_committed_trial_came_to_rest():
    rows = json.loads((RESULTS / LATENCY).read_text())["rows"]
    assert {row["phase"] for row in rows if row["moving"]} >= {"homing", "chunk", "gradient steps"}


def test_what_is_measured_is_kept_and_printed(tmp_path, monkeypatch, capsys):
    trial = Trial("SPACE", "chunk", "coasting, real time", 0)
    monkeypatch.setattr(latency, "trials", lambda share: [trial])
    monkeypatch.setattr(pool, "run", lambda work, jobs, path, **_: [work(job) for job in jobs])
    words = ["run", "--cases", "1"]
    COMMAND.parse([*words, "--out", str(tmp_path / "out"), "--work", str(tmp_path / "work")])()
    printed = capsys.readouterr().out
    for table in (FAULT_TABLE, PHASE_TABLE, CAUSE_TABLE):
        assert (tmp_path / "out" / table).read_text() in printed


def test_nothing_is_no_table_and_less_than_nothing_is_refused(tmp_path):
    with pytest.raises(ZprlError, match="Expected raw data"):
        fault_table(tmp_path)
    with pytest.raises(ZprlError, match=r"Got: -1, 1\.0, 2"):
        COMMAND.parse(["run", "--cases", "-1"])
