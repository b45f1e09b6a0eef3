"""The table of the house has a column for each checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.house.__main__ import COMMAND, figures, table

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def ours() -> dict[str, str]:
    return figures(ROOT)


def test_this_checkout_is_measured(ours):
    assert int(ours["source files"]) > 200
    assert (ours["circles of imports"], ours["upward imports"]) == ("0", "0")
    assert ours["longest function [lines]"].split()[0].isdigit()
    assert ours["README: lines"] == str(len((ROOT / "README.md").read_text().splitlines()))


@pytest.mark.slow
def test_checkouts_stand_side_by_side(ours, capsys, tmp_path):
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "one.py").write_text("def f():\n    return 1\n")
    (tmp_path / "README.md").write_text("Words alone.\n")
    COMMAND.parse(["--root", str(tmp_path), str(ROOT)])()
    shown = capsys.readouterr().out
    assert shown.startswith(f"| figure | {tmp_path} | {ROOT} |\n|---|---|---|\n")
    assert f"| source files | 1 | {ours['source files']} |" in shown
    assert "| README: figures per 100 words | 0.0 |" in shown
    assert {line.count("|") for line in shown.strip().splitlines()} == {4}
    assert table((ROOT,)).count("\n") == len(ours) + 2
