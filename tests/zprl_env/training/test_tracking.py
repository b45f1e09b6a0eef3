"""Curves in Weights & Biases."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from importlib.util import find_spec
from types import SimpleNamespace

import pytest

from zprl_env.errors import MissingExtraError
from zprl_env.training.config import Config
from zprl_env.training.tracking import check_tracker, tracked


@pytest.mark.skipif(find_spec("wandb") is not None, reason="wandb is installed")
def test_asked_for_and_not_installed_says_what_to_install():
    with pytest.raises(MissingExtraError, match=r'^wandb .* pip install "zprl-env\[wandb\]"$'):
        check_tracker("project")


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
