"""Results are kept as they come, and what is kept is not done again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.stopping import pool
from zprl_env.errors import ZprlError


def squared(number):
    return {"square": number**2}


def ended(number):
    os._exit(1)


def test_what_was_kept_is_left_alone_and_a_line_that_was_cut_off_is_done_again(tmp_path):
    path = tmp_path / "deep" / "squares.jsonl"
    path.parent.mkdir()
    path.write_text('{"job": "1", "result": {"square": "kept"}}\n{"job": "2", "resu')
    found = pool.run(squared, [1, 2, 3], path, processes=1)
    assert found == [{"square": "kept"}, {"square": 4}, {"square": 9}]
    assert pool.run(ended, [3, 2], path, processes=1) == [{"square": 9}, {"square": 4}]


def test_processes_that_are_ended_again_and_again_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "ROUNDS", 1)
    with pytest.raises(ZprlError, match="1 jobs must be done"):
        pool.run(ended, [1], Path(tmp_path / "none.jsonl"), processes=1)
