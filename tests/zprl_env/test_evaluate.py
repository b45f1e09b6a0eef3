"""Playing a policy by command, steered or not."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import tyro

import train_sb3
from tests.helpers import point
from zprl_env import cli
from zprl_env.evaluate import Evaluation, evaluate_policy
from zprl_env.evaluation import TEST_SEED, VALIDATION_SEED
from zprl_env.training.command_line import parse

TINY = [
    *("--eval-episodes", "3", "--validation-episodes", "1", "--total-env-steps", "60"),
    *("--warmup-decisions", "10", "--hidden", "8", "8", "--batch-size", "4", "--no-video"),
]


@pytest.fixture
def play(point_task, point_policy, capsys):
    """Play the point task as the command line does."""

    def run(*flags: str | Path):
        usual = [] if "--run" in flags else ["--policy", point_policy]
        usual += [] if "--env" in flags else ["--env", point_task]
        return evaluate_policy(tyro.cli(Evaluation, args=[str(flag) for flag in [*usual, *flags]]))

    return run


@pytest.fixture
def refused(play, capsys):
    """Run the command, which has to refuse, and return the one line it says."""

    def run(*flags: str | Path) -> str:
        with pytest.raises(SystemExit) as exit_info:
            cli.run(lambda: play(*flags))
        assert exit_info.value.code == 2
        text = capsys.readouterr().err.rpartition("\r")[2]  # behind a progress bar
        assert text.startswith("error: ")
        assert text.count("\n") == 1
        return text

    return run


@pytest.fixture(params=["sac", "ppo"])
def trained(request, point_task, point_policy, tmp_path) -> Path:
    """The folder of a run on the point task."""
    flags = ["--env", point_task, "--policy", str(point_policy), "--algo", request.param, *TINY]
    if request.param == "ppo":
        flags += ["--rollout-decisions", "8"]
    return train_sb3.finetune(parse([*flags, "--out", str(tmp_path / "run")]))


def test_the_default_episodes_are_none_that_training_looks_at():
    assert Evaluation().seed == TEST_SEED
    assert TEST_SEED - VALIDATION_SEED > 100_000


def test_a_policy_alone_is_played_on_seeded_episodes(play, capsys):
    comparison = play("--episodes", "4", "--seed", "5")
    (result,) = comparison.results.values()
    np.testing.assert_array_equal(result.seeds, [5, 6, 7, 8])
    out, err = capsys.readouterr()
    assert "base policy" in out
    assert "0/4" in err  # the progress bar
    again = play("--episodes", "4", "--seed", "5")
    np.testing.assert_array_equal(again.results["base policy"].lengths, result.lengths)


def test_other_noise_is_played_next_to_imitation_s(play):
    comparison = play("--episodes", "2", "--noise", "zero")
    assert list(comparison.results) == ["base policy", "base policy, noise zero"]


def test_a_run_s_agent_is_compared_as_the_training_script_did(trained, play, capsys):
    capsys.readouterr()
    comparison = play("--run", trained, "--episodes", "3")
    content = json.loads((trained / "results.json").read_text())
    assert comparison.to_dict() == {key: content[key] for key in ("test", "paired_difference")}
    assert "McNemar" in capsys.readouterr().out


def test_results_are_kept_and_filmed(play, tmp_path, point_policy):
    out, video = tmp_path / "new" / "results.json", tmp_path / "video.mp4"
    comparison = play("--episodes", "2", "--out", out, "--video", video)
    content = json.loads(out.read_text())
    assert content["test"] == comparison.to_dict()["test"]
    assert content["env"] == "Point"
    assert content["policy"] == str(point_policy)
    assert len(content["policy_sha256"]) == 64
    assert video.stat().st_size > 500


def test_more_actions_per_decision_are_the_policy_s_to_give(play, refused):
    assert play("--episodes", "1", "--n-action-steps", "4").env.env.n_action_steps == 4
    assert "at most the policy's horizon 4. Got: 5" in refused("--n-action-steps", "5")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--env", "Lfit"], "unknown environment 'Lfit'"),
        (["--episodes", "0"], "episodes must be at least 1. Got: 0."),
        (["--noise", "best:8"], "noise must be a start that is known. Got: 'best:8'"),
        (["--n-action-steps", "0"], "n_action_steps must be at least 1. Got: 0."),
        (["--seed", "-1"], "seed must be at least 0. Got: -1."),
        (["--film", "film.avi"], "film must be a file that ends in .mp4 or .gif. Got: film.avi."),
        (["--run", "runs", "--agent", "shipped"], "Got both --run and --agent; leave one out."),
        (["--policy", "nowhere"], "a checkpoint folder or a shipped policy"),
        (["--run", "nowhere"], "a run's folder with a readable config.json. Got: nowhere"),
    ],
)
def test_what_cannot_be_is_refused(flags, message, refused):
    assert message in refused(*flags)


def test_a_file_that_cannot_be_written_is_refused_before_anything_is_played(refused, tmp_path):
    (tmp_path / "file").touch()
    assert "Got: " in refused("--out", tmp_path / "file" / "results.json")
    assert "Expected a file to write to" in refused("--out", tmp_path)


@pytest.mark.parametrize("trained", ["sac"], indirect=True)
def test_an_agent_is_not_set_upon_another_policy(trained, refused, tmp_path):
    other = point.save_policy(tmp_path / "other", seed=1)
    assert "Got one of other weights" in refused("--run", trained, "--policy", other)
    (trained / "model.zip").write_bytes(b"PK")
    assert "same algorithm and sizes" in refused("--run", trained)


@pytest.mark.parametrize("trained", ["sac"], indirect=True)
def test_a_run_that_was_interrupted_plays_its_last_agent_and_a_moved_one_its_own_policy(
    trained, play, tmp_path, capsys
):
    (trained / "model.zip").unlink()
    (trained / "results.json").unlink()
    moved = trained.rename(tmp_path / "moved")
    config = json.loads((moved / "config.json").read_text())
    (moved / "config.json").write_text(json.dumps(config | {"policy": str(tmp_path / "gone")}))
    capsys.readouterr()
    play("--run", tmp_path, "--episodes", "1")
    said = capsys.readouterr().out
    assert f"{tmp_path} holds: {moved}." in said
    assert "no agent was evaluated, and that of its last checkpoint is taken, 6" in said


def test_results_are_not_overwritten_unasked(play, refused, tmp_path):
    out = tmp_path / "results.json"
    out.write_text("finished")
    for flag in ("--out", "--video"):
        file = out if flag == "--out" else out.with_suffix(".mp4")
        file.touch()
        text = refused("--episodes", "1", flag, file)
        assert f"where nothing finished stands. Got: {file}" in text
    assert out.read_text() == "finished"
    play("--episodes", "1", "--out", out, "--overwrite")
    assert json.loads(out.read_text())["zprl_env_version"]


@pytest.mark.parametrize("trained", ["sac"], indirect=True)
def test_settings_of_the_environment_are_added_to_the_run_s_own(trained, play, tmp_path):
    config = json.loads((trained / "config.json").read_text())
    (trained / "config.json").write_text(json.dumps(config | {"env_kwargs": ["task=Point"]}))
    out = tmp_path / "results.json"
    play("--run", trained, "--episodes", "1", "--env-kwargs", "render_mode=rgb_array", "--out", out)
    written = json.loads(out.read_text())
    assert written["env_kwargs"] == ["task=Point", "render_mode=rgb_array"]


def test_a_task_without_a_shipped_agent_is_told_which_have_one(refused):
    said = refused("--agent", "shipped")
    assert "No agent is shipped for Point. There is one for: hammer, Can, Lift." in said


def test_an_exported_agent_plays_as_its_run_does(trained, play, tmp_path):
    from zprl_env.deploy.export import Export, export

    folder = export(Export(run=trained, out=tmp_path / "exported"))
    ours = play("--agent", folder, "--episodes", "3", "--policy", folder / "policy")
    theirs = json.loads((trained / "results.json").read_text())["test"]
    assert [*ours.results] == [*theirs]
    for name, result in ours.results.items():
        np.testing.assert_array_equal(result.successes, theirs[name]["successes"])


def test_an_agent_is_not_set_upon_a_policy_that_it_did_not_learn_to_steer(
    trained, refused, tmp_path
):
    from zprl_env.deploy.export import Export, export

    folder = export(Export(run=trained, out=tmp_path / "exported"))
    other = point.save_policy(tmp_path / "other", seed=1)
    said = refused("--agent", folder, "--policy", other)
    assert f"Got {other}, of other weights. Leave --policy out." in said
    file = folder / "steered.json"
    described = json.loads(file.read_text())
    for changed, why in (
        ({"env_kwargs": {"driver": "evil:Robot"}}, "names code to import: env_kwargs driver=.evil"),
        ({"env_kwargs": {"horizon": 3}}, "horizon"),  # its own settings are the environment's
        ({"recipe": described["recipe"] | {"gamma": "0.9"}}, "gamma: input should be a valid numb"),
        ({"recipe": described["recipe"] | {"more": 1}}, "more: extra inputs are not permitted"),
        ({"seed": None}, "seed in .* must be an integer, at least 0"),
        ({"backend": "jax"}, "backend in .* must be 'torch' or 'sbx'"),
    ):
        file.write_text(json.dumps(described | changed))
        assert re.search(why, refused("--agent", folder))
