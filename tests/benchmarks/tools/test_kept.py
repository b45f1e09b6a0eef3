"""Results are written whole, and read again."""

from __future__ import annotations

import json

import pytest

from benchmarks.tools.kept import KeptRun, find_runs, keep, keep_table, measured, missing, seeds
from zprl_env.errors import ZprlError


def test_raw_data_and_tables_are_kept_in_folders_that_are_made(tmp_path, capsys):
    keep(tmp_path / "new" / "raw.json", {"rate": 2})
    keep_table(tmp_path / "new" / "table.md", "| a |\n")
    assert measured(tmp_path / "new" / "raw.json", "") == {"rate": 2}
    assert (tmp_path / "new" / "table.md").read_text() == "| a |\n"
    assert capsys.readouterr().out == "| a |\n\n"
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["raw.json", "table.md"]


def test_what_was_not_measured_is_told_with_the_command_for_it(tmp_path):
    with pytest.raises(ZprlError, match=r"raw\.json\. Got: none\. Start with: python -m this"):
        measured(tmp_path / "raw.json", "python -m this")


def test_jobs_that_are_done_are_left_alone(capsys):
    done: set[int] = {1}
    for job in missing([1, 2, 2], done.__contains__, again=False):
        done.add(job)  # the second 2 is asked for after the first is done
    assert done == {1, 2}
    assert capsys.readouterr().out.splitlines() == [
        "1: kept already, left alone; --again does it anew",
        "2: kept already, left alone; --again does it anew",
    ]
    assert [*missing([1, 2], done.__contains__, again=True)] == [1, 2]


def test_a_run_is_read_from_its_files(tmp_path):
    test = {
        "base policy": {"success_rate": 0.5},
        "base policy, noise 0": {"success_rate": 0.6},
        "steered": {"success_rate": 0.9, "wilson_95": [0.8, 1.0]},
    }
    (tmp_path / "results.json").write_text(json.dumps({"test": test, "seconds": 90}))
    (tmp_path / "history.json").write_text(json.dumps({"env_steps": 1}))
    (tmp_path / "config.json").write_text(json.dumps({"algo": "sac"}))
    run = KeptRun(tmp_path)
    assert (run.base, run.minutes) == (0.6, 1.5)
    assert run.steered["wilson_95"] == [0.8, 1.0]
    assert (run.history, run.config) == ({"env_steps": 1}, {"algo": "sac"})


def test_finished_runs_are_found_in_order_and_by_their_seeds(tmp_path):
    for name in ("sac-10", "sac-2", "sac-auto", "ppo-0"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "history.json").touch()
        (tmp_path / name / "results.json").touch()
    (tmp_path / "sac-3").mkdir()
    (tmp_path / "sac-3" / "history.json").touch()  # cut off
    names = [path.name for path in find_runs(tmp_path)]
    assert names == ["ppo-0", "sac-10", "sac-2", "sac-auto"]
    assert find_runs(tmp_path / "ppo-0") == [tmp_path / "ppo-0"]
    assert seeds(tmp_path, "sac") == [2, 10]
    assert seeds(tmp_path / "none", "sac") == []
