"""A cell is one command of train_sb3.py, and its result one small file."""

from __future__ import annotations

import json
import subprocess

import pytest

from benchmarks.matrix.cell import RESULTS, Cell, code_version
from benchmarks.tools.training import ROOT
from zprl_env.errors import UnknownNameError, ZprlError
from zprl_env.training.config import parse


def test_its_command_is_one_of_train_sb3():
    cell = Cell("ideas", "box-close", "wide", 12)
    config = parse(cell.arguments.split())
    assert (config.env, config.algo, config.seed, config.video) == ("box-close", "sac", 12, False)
    assert config.recipe.hidden == (256, 256)
    assert config.total_env_steps == 30_000


def test_the_work_lies_apart_from_what_is_committed(tmp_path):
    cell = Cell("ideas", "Lift", "default", 10)
    assert cell.file == RESULTS / "ideas" / "lift" / "default-10.json"
    assert cell.work == ROOT / "runs" / "benchmark" / "matrix" / "ideas" / "lift" / "default-10/out"
    own = Cell("ideas", "Lift", "default", 10, tmp_path)
    assert own.folder == tmp_path / "ideas" / "lift" / "run" / "default-10"


def test_its_result_is_one_file_with_the_version_of_the_code(tmp_path):
    cell = Cell("ideas", "Lift", "default", 10, tmp_path)
    cell.work.mkdir(parents=True)
    history = {"episode_ends": [100], "episode_successes": [True]}
    for name, content in {"config": {"a": 1}, "history": history, "results": {"b": 2}}.items():
        (cell.work / f"{name}.json").write_text(json.dumps(content))
    assert not cell.finished()
    with pytest.raises(ZprlError, match=r"Start with: python -m benchmarks\.matrix run"):
        cell.read()
    cell.keep({"commit": "abc"})
    assert cell.finished()
    found = cell.read()
    assert found["history"] == {"episode_ends": [100], "episode_successes": [1]}
    assert (found["config"], found["results"], found["code"]) == (
        {"a": 1},
        {"b": 2},
        {"commit": "abc"},
    )
    assert (found["task"], found["variant"], found["seed"]) == ("Lift", "default", 10)


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
