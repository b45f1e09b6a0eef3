"""A run's stages: what each leaves."""

from __future__ import annotations

import json

import pytest

from zprl_env.errors import ZprlError
from zprl_env.training.command_line import parse
from zprl_env.training.finetuning import Finetuning


def test_each_stage_leaves_what_the_next_one_needs(tiny_config, tmp_path, capsys):
    folder = tmp_path / "run"
    with Finetuning(tiny_config()) as run:
        left = {path.name for path in folder.iterdir() if path.name[0] != "."}
        assert left == {"config.json", "golden.json", "policy"}
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
    assert "predicted actions are executed" in said
    assert f"Results: {folder}" in said.replace("\n", "")


@pytest.mark.slow
def test_training_ends_once_the_lower_bound_of_a_validation_is_high_enough(
    tiny_config, tmp_path, capsys
):
    def run(*flags) -> dict:
        config = parse([*map(str, flags)]) if flags[0] == "--resume-from" else tiny_config(*flags)
        with Finetuning(config) as run:
            run.play_base_policy()
            run.learn()
            run.hand_over()
        results = (tmp_path / "run" / "results.json").read_text(encoding="utf-8")
        return json.loads(results) | {"said": capsys.readouterr().out.replace("\n", " ")}

    # Of a policy at random some episode or other succeeds; its lower bound is above 0.
    early = ("--eval-every", 20, "--validation-episodes", 20, "--total-env-steps", 600)
    stopped = run(*early, "--stop-at", 0.02)
    assert stopped["stopped_early"]
    assert stopped["env_steps"] < 600
    assert "has reached --stop-at 0.02" in stopped["said"]
    again = ("--resume-from", tmp_path / "run")
    resumed = run(*again)
    assert resumed["env_steps"] == stopped["env_steps"]
    assert "has finished. Training ends at" in resumed["said"]
    assert run(*again, "--stop-at", "None")["env_steps"] >= 600


def test_a_success_rate_that_could_not_be_seen_is_refused(tiny_config):
    with pytest.raises(ZprlError, match=r"at most 0\.928 with 50 .* --validation-episodes 73 or"):
        tiny_config("--stop-at", 0.95, "--validation-episodes", 50)
    with pytest.raises(ZprlError, match=r"Got: 1\. Try a lower rate"):
        tiny_config("--stop-at", 1.0)
