"""A cell is one command of train_sb3.py, and its result one small file."""

from __future__ import annotations

import json
import subprocess

import pytest

from benchmarks.matrix import cell
from benchmarks.matrix.cell import RESULTS, Cell, code_version
from benchmarks.tools.training import ROOT
from zprl_env.errors import UnknownNameError, ZprlError
from zprl_env.experts.record import Recording
from zprl_env.training.command_line import parse


def test_its_command_is_one_of_train_sb3():
    one = Cell("ideas", "box-close", "wide", 12)
    config = parse(one.arguments.split())
    assert (config.env, config.algo, config.seed, config.video) == ("box-close", "sac", 12, False)
    assert config.recipe.hidden == (256, 256)
    assert config.total_env_steps == 30_000


def test_the_work_lies_apart_from_what_is_committed(tmp_path):
    one = Cell("ideas", "Lift", "default", 10)
    assert one.file == RESULTS / "ideas" / "lift" / "default-10.json"
    assert one.work == ROOT / "runs" / "benchmark" / "matrix" / "ideas" / "lift" / "default-10/out"
    own = Cell("ideas", "Lift", "default", 10, tmp_path)
    assert own.folder == tmp_path / "ideas" / "lift" / "run" / "default-10"


def test_its_result_is_one_file_with_the_version_of_the_code(tmp_path):
    one = Cell("ideas", "Lift", "default", 10, tmp_path)
    one.work.mkdir(parents=True)
    history = {"episode_ends": [100], "episode_successes": [True]}
    for name, content in {"config": {"a": 1}, "history": history, "results": {"b": 2}}.items():
        (one.work / f"{name}.json").write_text(json.dumps(content))
    assert not one.finished()
    with pytest.raises(ZprlError, match=r"Start with: python -m benchmarks\.matrix run"):
        one.read()
    one.keep({"commit": "abc"})
    assert one.finished()
    found = one.read()
    assert found["history"] == {"episode_ends": [100], "episode_successes": [1]}
    assert (found["config"], found["results"], found["code"]) == (
        {"a": 1},
        {"b": 2},
        {"commit": "abc"},
    )
    assert (found["task"], found["variant"], found["seed"]) == ("Lift", "default", 10)


def test_demonstrations_are_recorded_where_a_variant_takes_them(tmp_path, monkeypatch):
    recorded: list[Recording] = []
    monkeypatch.setattr(cell, "record", recorded.append)
    Cell("ideas", "hammer", "default", 10).prepare(tmp_path)
    assert not recorded
    one = Cell("ideas", "hammer", "demos", 10)
    one.prepare(tmp_path)
    (recording,) = recorded
    assert recording.out == tmp_path / "demos" / "adroit-hammer.hdf5"
    assert (recording.env, recording.episodes, recording.skill) == ("hammer", 50, 0.25)
    assert parse(one.arguments.split()).recipe.demonstrations == "demos/adroit-hammer.hdf5"
    recording.out.touch()
    one.prepare(tmp_path)
    assert len(recorded) == 1


def test_mistakes_are_told():
    with pytest.raises(UnknownNameError, match="unknown variant 'wid'; did you mean 'wide'"):
        Cell("ideas", "Lift", "wid", 0)
    with pytest.raises(UnknownNameError, match="unknown study 'idea'; did you mean 'ideas'"):
        Cell("idea", "Lift", "wide", 0)
    with pytest.raises(UnknownNameError, match="unknown task of the study ideas 'pen'"):
        Cell("ideas", "pen", "wide", 0)


def test_the_version_of_the_code_tells_whether_it_was_changed(tmp_path):
    def git(*words: str) -> None:
        author = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(
            ["git", "-C", str(tmp_path), *author, *words], check=True, capture_output=True
        )

    git("init")
    (tmp_path / "file").write_text("one")
    git("add", "file")
    git("commit", "-m", "one")
    clean = code_version(tmp_path)
    assert len(clean["commit"]) == 40
    assert not clean["changed"]
    (tmp_path / "file").write_text("two")
    assert code_version(tmp_path) == clean | {"changed": True}
