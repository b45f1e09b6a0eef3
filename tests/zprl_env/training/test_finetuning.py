"""A run's stages: what each leaves."""

from __future__ import annotations

import json

from zprl_env.training.finetuning import Finetuning


def test_each_stage_leaves_what_the_next_one_needs(tiny_config, tmp_path, capsys):
    folder = tmp_path / "run"
    with Finetuning(tiny_config()) as run:
        left = {path.name for path in folder.iterdir() if path.name[0] != "."}
        assert left == {"config.json", "policy"}
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
