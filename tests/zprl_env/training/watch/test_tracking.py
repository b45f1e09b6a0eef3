"""Curves in Weights & Biases."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from importlib.util import find_spec
from types import SimpleNamespace

import pytest

import train_sb3
from zprl_env import cli
from zprl_env.training.command_line import parse
from zprl_env.training.config import Config
from zprl_env.training.watch.tracking import check_tracker, run_name, tracked


@pytest.mark.skipif(find_spec("wandb") is not None, reason="wandb is installed")
def test_asked_for_and_not_installed_says_what_to_install_before_anything_starts(
    monkeypatch, tmp_path, capsys
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as exit_info:
        cli.run(lambda: train_sb3.finetune(parse(["--wandb", "project"])))
    assert exit_info.value.code == 2
    expected = 'error: wandb is needed and not installed; run: pip install "zprl-env[wandb]"\n'
    assert capsys.readouterr().err == expected
    assert not list(tmp_path.iterdir())


def test_nobody_who_does_not_ask_for_it_needs_it(tmp_path):
    check_tracker(None)
    with tracked(Config(), tmp_path) as run:
        assert run is None


@pytest.fixture
def begun(monkeypatch) -> list[dict]:
    """What Weights & Biases was asked for, time after time."""
    asked: list[dict] = []

    def init(**arguments):
        asked.append(arguments)
        return nullcontext()

    # A real run needs an account or a server process; its one call is all there is of ours.
    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=init))
    return asked


def test_a_run_is_named_after_task_algorithm_and_seed_and_follows_tensorboard(begun, tmp_path):
    folder = tmp_path / "2026-11-26"
    folder.mkdir()
    with tracked(Config(wandb="cubes", algo="sac", seed=3), folder):
        pass
    (asked,) = begun
    assert (asked["project"], asked["group"]) == ("cubes", "Lift/sac")
    assert asked["sync_tensorboard"] is True
    assert (asked["name"], asked["dir"]) == ("Lift-sac-seed3 (2026-11-26)", str(folder))
    assert asked["config"]["seed"] == 3
    assert asked["config"]["recipe"]["scale"] == 2.0


def test_a_resumed_run_goes_on_there_and_another_one_is_another(begun, tmp_path):
    for name in ("first", "first", "second"):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        with tracked(Config(wandb="cubes"), folder):
            pass
    ids = [asked["id"] for asked in begun]
    assert ids[0] == ids[1] != ids[2]
    assert all(asked["resume"] == "allow" for asked in begun)


@pytest.mark.parametrize(
    ("config", "name"),
    [
        (Config(env="Lift", algo="sac", seed=2), "Lift-sac-seed2"),
        (Config(env="ZPRL-BoxClose-v0", algo="ppo"), "box-close-ppo-seed0"),
        (Config(env="Lift", algo="sac", steer="noise"), "Lift-sac-noise-seed0"),
        (Config(env="my_lab.envs:make", algo="sac"), "my_lab.envs.make-sac-seed0"),
    ],
)
def test_a_run_s_name_is_a_folder_s(config, name):
    assert run_name(config) == name
