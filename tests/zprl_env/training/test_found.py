"""Settings that a run finds by playing before it learns, and keeps."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import train_sb3
from tests.helpers.point import PointEnv
from zprl_env import SteeredPolicy, ZprlError
from zprl_env.deploy.export import Export, export
from zprl_env.evaluate import Evaluation, evaluate_policy
from zprl_env.files import RunFolderError
from zprl_env.loading.resolve import resolve_policy
from zprl_env.options.noise import fixed_draw
from zprl_env.options.stored import Calibrated, store_calibration
from zprl_env.training import found
from zprl_env.training.command_line import parse
from zprl_env.training.config import load_config
from zprl_env.training.found import asked, find_settings, search_episodes, with_found
from zprl_env.training.settings.recipe import Recipe

ASKED = Recipe(noise="best:2", scale="calibrate", observation="features")


@pytest.fixture
def words(point_task, point_policy, tmp_path) -> list[str]:
    """A short run on the point task that has to find its noise."""
    flags = ["--env", point_task, "--policy", str(point_policy), "--eval-episodes", "2"]
    flags += ["--validation-episodes", "1", "--total-env-steps", "40", "--warmup-decisions", "8"]
    flags += ["--algo", "sac", "--hidden", "8", "8", "--batch-size", "4", "--no-video"]
    return [*flags, "--noise", "best:2", "--scale", "0.5", "--out", str(tmp_path / "run")]


@pytest.fixture
def few(monkeypatch):
    """Search by two episodes each."""
    monkeypatch.setattr("zprl_env.calibrate.noise_search.EPISODES", 2)
    monkeypatch.setattr("zprl_env.calibrate.scale_search.EPISODES", 2)


def test_a_run_keeps_the_draw_that_it_found(words, few, tmp_path, monkeypatch, capsys):
    run = train_sb3.finetune(parse(words))
    assert "Searching: the base policy plays up to 2" in capsys.readouterr().out.replace("\n", " ")
    noise = load_config(run).recipe.noise
    kept = json.loads((run / "calibration.json").read_text())
    assert (kept["asked"], kept["found"]) == ({"noise": "best:2"}, {"noise": noise})
    assert [start["noise"] for start in kept["noise_search"]["starts"]][-2:] == draws(2)
    assert noise in draws(2)

    def played_again(*_, **__):
        raise AssertionError("a resumed run knows its noise")

    monkeypatch.setattr(found, "search_noise", played_again)
    more = [*words[:-2], "--total-env-steps", "60", "--resume-from", str(run)]
    assert load_config(train_sb3.finetune(parse(more))).recipe.noise == noise
    with pytest.raises(RunFolderError, match=f"noise .was {noise}, got best:3"):
        parse([*more, "--noise", "best:3"])

    seed = int(noise.partition(":")[2])
    comparison = evaluate_policy(Evaluation(run=run, episodes=2))
    assert list(comparison.results)[1] == f"base policy, noise {noise}"
    steered = SteeredPolicy.load(export(Export(run, tmp_path / "out")))
    np.testing.assert_array_equal(steered.steering.start, fixed_draw(seed, (4, 2)))


def draws(count: int) -> list[str]:
    return [f"fixed:{seed}" for seed in range(count)]


def test_noise_is_found_first_and_the_scale_from_there(point_task, point_policy, few):
    said: list[str] = []
    policy = resolve_policy(point_policy)
    recipe, kept = find_settings(ASKED, point_task, policy, {}, said.append)
    assert recipe.noise in draws(2)
    assert kept is not None
    assert kept["found"] == {"noise": recipe.noise, "scale": recipe.scale}
    assert len(kept["scale_search"]["trials"]) == 8
    (told,) = [text for text in said if "So lambda follows from 'auto'." in text]
    assert "episodes" in told  # two of them cannot tell
    assert recipe.scale == kept["scale_check"]["scale"] > 0
    assert find_settings(recipe, point_task, policy, {}, said.append) == (recipe, None)


def test_a_robot_plays_no_episode_for_a_scale_that_a_rule_gives(point_policy, monkeypatch):
    class Arm(PointEnv):
        in_real_time = True

    monkeypatch.setattr(found, "make_env_for", lambda *_: Arm())
    recipe, kept = find_settings(
        Recipe(scale="auto"), "Arm", resolve_policy(point_policy), {}, lambda _: None
    )
    assert recipe.scale == "auto"
    assert kept == {"asked": {"scale": "auto"}, "found": {"scale": "auto"}}


def test_what_the_checkpoint_stores_is_not_played_for(point_task, point_policy, tmp_path):
    import shutil

    checkpoint = shutil.copytree(point_policy, tmp_path / "checkpoint")
    store_calibration(checkpoint, Calibrated("Point", noise="fixed:7", draws=2))
    said: list[str] = []
    wanted = replace(ASKED, scale=1.0)
    recipe, _ = find_settings(wanted, point_task, resolve_policy(checkpoint), {}, said.append)
    assert recipe.noise == "fixed:7"
    assert said == ["The policy's checkpoint stores the best of these draws: fixed:7."]


def test_episodes_of_a_search_are_counted_beforehand():
    assert search_episodes(Recipe()) == 0
    assert search_episodes(Recipe(noise="best:8")) == 2 * 50 + 8 * 50 * 3 // 4 + 50
    assert search_episodes(Recipe(scale="calibrate")) == 8 * 60
    assert search_episodes(Recipe(scale="auto")) == 2 * 20
    assert search_episodes(ASKED, quick=True) < 100


def test_what_was_asked_for_is_known_again(tmp_path: Path):
    stored = Recipe(noise="fixed:3", scale=1.5)
    assert asked(ASKED) == {"noise": "best:2", "scale": "calibrate"}
    assert with_found(ASKED, stored, tmp_path) is ASKED
    (tmp_path / "calibration.json").write_text(json.dumps({"asked": asked(ASKED)}))
    assert with_found(ASKED, stored, tmp_path) == replace(ASKED, noise="fixed:3", scale=1.5)
    other = replace(ASKED, noise="best:9")
    assert with_found(other, stored, tmp_path) == replace(other, scale=1.5)
    (tmp_path / "calibration.json").write_text("[]")
    assert with_found(ASKED, stored, tmp_path) is ASKED


@pytest.mark.parametrize("steer", ["action", "noise"])
def test_a_scale_that_is_no_lambda_is_not_calibrated(steer, point_task):
    with pytest.raises(ZprlError, match=f"scale must be a number with --steer {steer}"):
        parse(["--env", point_task, "--steer", steer, "--scale", "calibrate"])
