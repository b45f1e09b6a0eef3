"""A run is found by its folder, by what lies in it, and as the newest of several."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from zprl_env.files import RunFolderError
from zprl_env.training.run.find import find_run


def make(folder: Path, age: int = 0, agent: str = "model.zip") -> Path:
    """Make what a run's folder looks like from outside."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"recipe": {}}))
    os.utime(folder / "config.json", (1e9 - age, 1e9 - age))
    if agent:
        (folder / agent).parent.mkdir(exist_ok=True)
        (folder / agent).touch()
    return folder


@pytest.fixture
def said() -> list[str]:
    return []


def test_a_run_is_itself(tmp_path, said):
    assert find_run(make(tmp_path / "run"), said.append) == tmp_path / "run"
    assert not said


@pytest.mark.parametrize("part", ["config.json", "model.zip", "checkpoints/000000060"])
def test_a_part_of_a_run_is_the_run(part, tmp_path, said):
    run = make(tmp_path / "run")
    (run / "checkpoints" / "000000060").mkdir(parents=True)
    assert find_run(run / part, said.append) == run
    assert said == [f"{run / part} is a part of the run {run}, which is taken."]


@pytest.mark.parametrize("above", [".", "Lift", "Lift/sac"])
def test_a_folder_of_runs_is_the_newest_of_them(above, tmp_path, said):
    make(tmp_path / "Lift" / "sac" / "a", age=9)
    newest = make(tmp_path / "Lift" / "sac" / "b", age=1)
    make(tmp_path / "Lift" / "sac" / "c", age=5)
    assert find_run(tmp_path / above, said.append) == newest
    assert said == [f"{tmp_path / above} holds 3 runs: the newest is taken, {newest}."]


def test_one_without_an_agent_is_passed_over_where_one_is_needed(tmp_path, said):
    old = make(tmp_path / "old", 9, "checkpoints/000000060")
    new = make(tmp_path / "new", 1, "")
    assert find_run(tmp_path, said.append, with_agent=True) == old
    assert said[0].endswith(f"{old} (newer ones without an agent: {new}).")
    assert find_run(tmp_path, said.append) == new


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "which does not exist"),
        ("", r"No such file in it, nor down to 4 folders below"),
        ("steered.json", "an exported policy: SteeredPolicy.load reads it"),
        ("policy.json", "a base policy's checkpoint: give it with --policy /"),
        ("model/config.json", "No such file in it"),
    ],
)
def test_what_is_no_run_is_told_apart(content, message, tmp_path, said):
    folder = tmp_path / "folder"
    if content is not None:
        (folder / content).parent.mkdir(parents=True, exist_ok=True)
        if content:
            (folder / content).write_text('{"architectures": []}')  # of another library
        else:
            folder.mkdir(exist_ok=True)
    with pytest.raises(RunFolderError, match=rf"readable config.json\. Got: .*{message}"):
        find_run(folder, said.append)
