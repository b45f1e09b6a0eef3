"""A run's stages: what each leaves, and that one which cannot start leaves nothing."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest

from tests.helpers import point
from zprl_env.errors import PolicyMismatchError
from zprl_env.training.config import parse
from zprl_env.training.finetuning import Finetuning

TINY = ("--eval-episodes", "1", "--validation-episodes", "1", "--total-env-steps", "60")


@pytest.fixture
def config(point_task, point_policy, tmp_path):
    def made(*flags, policy=point_policy):
        usual = ("--env", point_task, "--policy", str(policy), "--out", str(tmp_path / "run"))
        return parse([*usual, *TINY, "--no-video", "--hidden", "8", *map(str, flags)])

    return made


def test_each_stage_leaves_what_the_next_one_needs(config, tmp_path, capsys):
    folder = tmp_path / "run"
    with Finetuning(config()) as run:
        left = {path.name for path in folder.iterdir() if path.name[0] != "."}
        assert left == {"config.json", "policy", "tensorboard"}
        run.play_base_policy()
        assert [at for at, _ in run.history.evaluations] == [0]
        run.learn()
        assert run.history.env_steps >= 60
        assert [*(folder / "checkpoints").iterdir()]
        run.hand_over()
        run.film()
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert results["agent_env_steps"] == run.kept.env_steps
    assert {"history.json", "curve.png", "model.zip"} <= {path.name for path in folder.iterdir()}
    said = capsys.readouterr().out
    assert "Steering at: latent." in said
    assert f"Results: {folder}" in said.replace("\n", "")


def test_a_run_that_cannot_start_leaves_no_folder(config, tmp_path):
    foreign = point.save_policy(tmp_path / "policy", action_dim=7)
    with pytest.raises(PolicyMismatchError, match="actions have size 7"):
        Finetuning(config(policy=foreign))
    assert not (tmp_path / "run").exists()


def test_episodes_are_written_down_by_what_the_caller_makes(config, tmp_path):
    asked = []

    def make_recorder(facts):
        asked.append(facts)
        raise InterruptedError  # before the point task is given what only a robot takes

    with pytest.raises(InterruptedError):
        Finetuning(config(), make_recorder)
    ((facts),) = asked
    assert facts["run"] == str(tmp_path / "run")
    assert len(facts["policy_sha256"]) == 64


def test_what_was_opened_is_closed_however_a_run_ends(config):
    closed = []
    run = Finetuning(config())
    run.comparison.env.env.env.close = lambda: closed.append(True)  # type: ignore[method-assign]
    with suppress(KeyboardInterrupt), run:
        raise KeyboardInterrupt
    assert closed == [True]
