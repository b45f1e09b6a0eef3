"""Curves in Weights & Biases."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from importlib.util import find_spec
from types import SimpleNamespace

import pytest

import train_sb3
from zprl_env import cli
from zprl_env.training.config import Config, parse
from zprl_env.training.watch.tracking import check_tracker, tracked


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


def test_a_run_is_named_after_its_folder_and_follows_tensorboard(tmp_path, monkeypatch):
    asked = {}

    def init(**arguments):
        asked.update(arguments)
        return nullcontext()

    # A real run needs an account or a server process; its one call is all there is of ours.
    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=init))
    with tracked(Config(wandb="cubes", seed=3), tmp_path / "run"):
        pass
    assert asked["project"] == "cubes"
    assert asked["sync_tensorboard"] is True
    assert (asked["name"], asked["dir"]) == ("run", str(tmp_path / "run"))
    assert asked["config"]["seed"] == 3
    assert asked["config"]["recipe"]["scale"] == 2.0
