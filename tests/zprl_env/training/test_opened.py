"""A run is opened whole or not at all, and closed however it ends."""

from __future__ import annotations

from contextlib import suppress

import pytest

from tests.helpers import point
from zprl_env.errors import PolicyMismatchError
from zprl_env.training.opened import OpenedRun


def test_a_run_that_cannot_start_leaves_no_folder(tiny_config, tmp_path):
    foreign = point.save_policy(tmp_path / "policy", action_dim=7)
    with pytest.raises(PolicyMismatchError, match="actions have size 7"):
        OpenedRun(tiny_config(policy=foreign))
    assert not (tmp_path / "run").exists()


def test_episodes_are_written_down_by_what_the_caller_makes(tiny_config, tmp_path):
    asked = []

    def make_recorder(facts):
        asked.append(facts)
        raise InterruptedError  # before the point task is given what only a robot takes

    with pytest.raises(InterruptedError):
        OpenedRun(tiny_config(), make_recorder)
    ((facts),) = asked
    assert facts["run"] == str(tmp_path / "run")
    assert len(facts["policy_sha256"]) == 64


def test_what_was_opened_is_closed_however_a_run_ends(tiny_config):
    closed = []
    run = OpenedRun(tiny_config())
    run.comparison.env.env.env.close = lambda: closed.append(True)  # type: ignore[method-assign]
    with suppress(KeyboardInterrupt), run:
        raise KeyboardInterrupt
    assert closed == [True]
