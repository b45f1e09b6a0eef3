"""A run's folder is there at once, and gone again if the run cannot begin."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from zprl_env.training.config import Config
from zprl_env.training.run.reserved import reserved_folder


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_the_folder_is_named_and_made_before_the_run():
    with reserved_folder(Config(algo="sac")) as config:
        assert config.out is not None
        assert config.out.parent == Path("runs/Lift/sac")
        assert config.out.is_dir()


def test_two_runs_of_one_second_get_a_folder_each():
    with reserved_folder(Config(algo="sac")) as one, reserved_folder(Config(algo="sac")) as other:
        assert one.out != other.out


@pytest.mark.parametrize("out", [None, Path("results/run")])
def test_a_run_that_cannot_begin_leaves_nothing(out, tmp_path):
    with pytest.raises(KeyboardInterrupt), reserved_folder(Config(out=out)):
        raise KeyboardInterrupt
    assert not [*tmp_path.iterdir()]


def test_what_was_there_before_stays(tmp_path):
    (tmp_path / "mine").mkdir()
    with pytest.raises(KeyboardInterrupt), reserved_folder(Config(out=Path("mine"))):
        raise KeyboardInterrupt
    assert (tmp_path / "mine").is_dir()


def test_what_a_run_has_written_stays():
    class BegunError(Exception):
        def __init__(self) -> None:
            Path("run/config.json").touch()

    with pytest.raises(BegunError), reserved_folder(Config(out=Path("run"))):
        raise BegunError
    assert Path("run/config.json").exists()


def test_a_resumed_run_has_its_own(tmp_path):
    with reserved_folder(Config(resume_from=tmp_path)) as config:
        assert config == Config(resume_from=tmp_path)
    assert not [*tmp_path.iterdir()]


def test_a_run_that_is_there_is_refused_before_a_word_and_without_torch(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "results.json").touch()
    code = (
        "import sys; sys.argv[1:] = ['--out', 'mine']; import train_sb3\n"
        "try: train_sb3.main()\n"
        "finally: print({'torch', 'stable_baselines3', 'mujoco'} & {*sys.modules})"
    )
    env = {"PYTHONPATH": str(Path(__file__).parents[4]), "PATH": ""}
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "set()\n")
    assert done.stderr == (
        "error: Expected a place where nothing finished stands. Got: mine. Choose another with "
        "--out, or give --overwrite, or remove results.json in it.\n"
    )
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["results.json"]
