"""Checking by command."""

from __future__ import annotations

import pytest
import tyro

from tests.helpers.point import save_policy
from zprl_env import cli
from zprl_env.check.__main__ import Check, check


def run(*flags: object) -> None:
    cli.run(lambda: check(tyro.cli(Check, args=[str(flag) for flag in flags])))


def test_what_passes_is_told_with_its_notes(point_task, point_policy, capsys):
    run("--env", point_task, "--policy", point_policy)
    out = capsys.readouterr().out
    assert f"env {point_task}: all 4 checks passed" in out
    assert f"policy {point_policy}: all 6 checks passed" in out


def test_what_does_not_exits_with_2_and_every_fault(point_task, tmp_path, capsys):
    other = save_policy(tmp_path / "other", observation_dim=4, action_dim=3)
    with pytest.raises(SystemExit) as left:
        run("--env", point_task, "--policy", other)
    assert left.value.code == 2
    out, err = capsys.readouterr()
    assert "env Point: all 4 checks passed" in out
    assert "observations of size 4" in err
    assert "actions have size 3" in err


def test_settings_of_the_environment_are_handed_on(point_task, point_policy, capsys):
    with pytest.raises(SystemExit):
        run("--env", point_task, "--policy", point_policy, "--env-kwargs", "horizon=3")
    assert "No 'horizon': use max_episode_steps" in capsys.readouterr().err
