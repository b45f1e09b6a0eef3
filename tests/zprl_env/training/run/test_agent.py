"""The agent of a run is what it handed over, and else the best that it has saved."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from zprl_env.files import RunFolderError
from zprl_env.training.run.agent import find_agent


@pytest.fixture
def run(steered_folder, tmp_path) -> Path:
    """A copy of a finished run."""
    return Path(shutil.copytree(steered_folder.parent / "run", tmp_path / "run"))


@pytest.fixture
def said() -> list[str]:
    return []


def test_a_finished_run_has_handed_it_over(run, said):
    assert find_agent(run, "torch", said.append) == (run / "model.zip", True)
    (run / "results.json").unlink()
    assert find_agent(run, "torch", said.append) == (run / "model.zip", False)
    shutil.rmtree(run / "checkpoints")
    assert find_agent(run, "torch", said.append) == (run / "model.zip", False)
    assert not said


def test_an_interrupted_run_has_its_best_and_else_its_last(run, said):
    (run / "model.zip").rename(run / "best.zip")
    assert find_agent(run, "torch", said.append) == (run / "best.zip", False)
    assert said[-1].endswith("its best agent so far is taken.")
    history = json.loads((run / "history.json").read_text())
    history["evaluations"].append([60, history["evaluations"][0][1]])
    (run / "history.json").write_text(json.dumps(history))
    find_agent(run, "torch", said.append)
    assert "taken, of 60 env steps: 0% of the validation episodes." in said[-1]
    (run / "best.zip").unlink()
    found = find_agent(run, "torch", said.append)
    (checkpoint,) = (run / "checkpoints").iterdir()
    assert found == (checkpoint / "model.zip", False)
    at = int(checkpoint.name)
    assert said[-1].endswith(f"that of its last checkpoint is taken, {at} env steps.")


def test_a_run_that_was_resumed_and_interrupted_has_learned_since(run, said):
    (checkpoint,) = (run / "checkpoints").iterdir()
    checkpoint.rename(checkpoint.with_name("000000090"))
    (run / "best.zip").touch()
    assert find_agent(run, "torch", said.append) == (run / "best.zip", False)


def test_a_run_that_has_saved_none_says_how_to_go_on(run):
    shutil.rmtree(run / "checkpoints")
    (run / "model.zip").unlink()
    with pytest.raises(RunFolderError, match=r"that has saved an agent.*--resume-from .*run$"):
        find_agent(run, "torch", print)
