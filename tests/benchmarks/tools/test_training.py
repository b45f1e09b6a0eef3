"""Training runs are started as subprocesses, and their raw data kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.tools import training
from benchmarks.tools.kept import RESULTS
from benchmarks.tools.training import FILES, ROOT, Planned, train, train_missing, work_folder
from zprl_env.errors import ZprlError

SCRIPT = """
import json, pathlib, sys
words = sys.argv[1:]
out = pathlib.Path(words[words.index("--out") + 1])
out.mkdir(parents=True)
for name in ("config", "history", "results", "other"):
    (out / f"{name}.json").write_text(json.dumps(words))
"""


def test_a_run_is_started_and_its_raw_data_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "ROOT", tmp_path)
    (tmp_path / "train_sb3.py").write_text(SCRIPT)
    kept = tmp_path / "results" / "lift" / "sac-0"
    for _ in range(2):  # what an earlier try has left is no obstacle
        train(Planned(kept, "Lift", "--algo sac --seed 0"))
    assert sorted(path.name for path in kept.iterdir() if path.is_file()) == sorted(FILES)
    words = json.loads((kept / "config.json").read_text())
    assert words[:6] == ["--env", "Lift", "--algo", "sac", "--seed", "0"]
    assert Path(words[words.index("--out") + 1]) == Path("results", "lift", "sac-0", "run")
    assert "--no-video" in words


def test_a_run_that_ends_badly_is_told_and_not_kept(tmp_path):
    with pytest.raises(ZprlError, match=r"The run Lift sac-0 must end well\. Got: exit code 2"):
        train(Planned(tmp_path / "sac-0", "Lift", "--algo sac --no-such-setting"))
    assert not (tmp_path / "sac-0" / "results.json").exists()


def test_the_work_lies_apart_from_what_is_committed(tmp_path, monkeypatch):
    expected = ROOT / "runs" / "benchmark" / "lift" / "a"
    assert work_folder(RESULTS / "lift" / "a") == expected
    monkeypatch.chdir(ROOT)
    assert work_folder(Path("benchmarks", "results", "lift", "a")) == expected
    assert work_folder(tmp_path / "a") == tmp_path / "a" / "run"


def test_finished_runs_are_left_alone(tmp_path, monkeypatch):
    told: list[Planned] = []
    monkeypatch.setattr(training, "train", told.append)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "results.json").touch()
    both = [Planned(tmp_path / name, "Lift", "") for name in "ab"]
    train_missing(both)
    assert told == both[1:]
    train_missing(both, again=True)
    assert told == [both[1], *both]
