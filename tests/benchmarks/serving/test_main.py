"""The benchmark of serving measures a policy here and the same one in a process of its own."""

from __future__ import annotations

import pytest

import benchmarks.serving.__main__ as serving
from zprl_env.errors import ZprlError


def test_both_are_measured_and_kept(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(serving, "POLICIES", ("Lift",))
    serving.Run(repeats=2, out=tmp_path)()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("| policy | batch | here [ms] |")
    assert [line.split(" | ")[1] for line in lines[2:4]] == ["1", "8"]
    with pytest.raises(ZprlError, match=r"repeats must be at least 1\. Got: 0"):
        serving.Run(repeats=0)


def test_the_committed_table_is_what_was_measured():
    assert (serving.OUT / "table.md").read_text(encoding="utf-8") == serving.table()
