"""The command line: defaults that follow the choices, and runs that are resumed as they were."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from zprl_env.errors import UnknownNameError, ZprlError
from zprl_env.files import RunFolderError
from zprl_env.training.command_line import parse
from zprl_env.training.config import Config
from zprl_env.training.environment import steering_options
from zprl_env.training.settings.recipe import recipe_for


def test_nothing_said_is_the_usual_algorithm_on_the_latent_of_the_task_s_own_policy():
    config = parse([])
    assert (config.env, config.algo, config.steer) == ("Lift", "sac", "latent")
    assert config.policy is None
    assert config.recipe == recipe_for("sac", "default", "latent")


def test_updates_between_episodes_need_one_environment():
    with pytest.raises(ZprlError, match=r"updates_per_episode must be 0 with several"):
        parse(["--env", "Real", "--num-envs", "2"])


@pytest.mark.parametrize(
    ("flags", "choice"),
    [
        (["--algo", "ppo"], ("ppo", "default", "latent")),
        (["--algo", "crossq"], ("crossq", "default", "latent")),
        (["--algo", "ppo_lstm"], ("ppo_lstm", "default", "latent")),
        (["--algo", "tqc", "--backend", "sbx"], ("tqc", "default", "latent")),
        (["--preset=paper"], ("sac", "paper", "latent")),
        (["--steer", "noise"], ("sac", "default", "noise")),
        (["--steer", "action", "--preset", "paper"], ("sac", "paper", "action")),
    ],
)
def test_the_recipe_s_defaults_follow_the_choices(flags, choice):
    assert parse(flags).recipe == recipe_for(*choice)


def test_every_setting_of_the_recipe_can_be_overridden():
    recipe = parse(["--preset", "paper", "--gamma", "0.9", "--hidden", "8", "16"]).recipe
    assert recipe == replace(recipe_for("sac", "paper", "latent"), gamma=0.9, hidden=(8, 16))


def test_a_preset_that_an_algorithm_lacks_is_not_another_one():
    with pytest.raises(UnknownNameError, match="'ppo-paper'; did you mean 'sac-paper'"):
        parse(["--algo", "ppo", "--preset", "paper"])


def test_a_choice_that_does_not_exist_is_explained():
    with pytest.raises(UnknownNameError, match="unknown algorithm 'scq'; did you mean 'sac'"):
        parse(["--algo", "scq"])
    with pytest.raises(UnknownNameError, match="unknown way of steering 'latnt'; did you mean"):
        parse(["--steer", "latnt"])
    with pytest.raises(ZprlError, match="unknown --preset 'papr'; did you mean 'paper'"):
        parse(["--algo", "sac", "--preset", "papr"])


def test_a_library_s_default_is_the_command_line_s():
    assert Config() == parse([])
    assert Config(env="door") == parse(["--env", "door"])
    assert Config(env="Can", steer="joint") == parse(["--env", "Can", "--steer", "joint"])


def test_options_of_a_way_of_steering_reach_it_and_others_are_refused():
    config = parse(["--steer", "joint", "--steer-kwargs", "noise_bound=0.5"])
    assert steering_options(config.recipe)["noise_bound"] == 0.5
    with pytest.raises(ZprlError, match=r"latent has no options .* Got: noise_bound\."):
        parse(["--steer-kwargs", "noise_bound=0.5"])


def test_what_a_robot_s_preset_says_arrives_in_the_run_s_settings(tmp_path):
    facts = {"scale": 0.05, "noise": "fresh:0.25", "gamma": 0.9, "n_action_steps": 3}
    text = Path("real/tasks/presets/place-orange.yaml").read_text(encoding="utf-8")
    content = yaml.safe_load(text) | facts
    preset = tmp_path / "mine.yaml"
    preset.write_text(yaml.safe_dump(content), encoding="utf-8")
    for algo in ("sac", "ppo"):
        flags = ["--env", "Real", "--algo", algo, "--env-kwargs", f"task={preset}"]
        recipe = parse(flags).recipe
        assert {name: getattr(recipe, name) for name in facts} == facts
    assert parse(["--env", "Real-flip-egg"]).recipe.scale == 0.5
    assert parse(["--env", "Real-flip-egg"]).recipe.n_action_steps == 16


def test_an_unknown_environment_names_the_nearest_before_anything_slow_is_imported():
    with pytest.raises(UnknownNameError, match="unknown environment 'lfit'; did you mean 'Lift'"):
        parse(["--env", "lfit"])
    code = (
        "import sys, train_sb3\n"
        "try: train_sb3.parse(['--env', 'lfit'])\n"
        "except Exception as error: assert type(error).__name__ == 'UnknownNameError'\n"
        "slow = {'torch', 'stable_baselines3', 'robosuite', 'scipy'} & {*sys.modules}\n"
        "assert not slow, slow"
    )
    root = Path(__file__).parents[3]
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, cwd=root)


@pytest.mark.parametrize("flag", ["--resume-from", "--resume_from"])
def test_a_resumed_run_keeps_its_settings(flag, stored, tmp_path):
    resumed = parse([flag, str(tmp_path), "--total-env-steps", "7", "--no-video"])
    assert resumed == replace(stored, resume_from=tmp_path, total_env_steps=7, video=False)


@pytest.mark.parametrize(
    ("flags", "change"),
    [
        (["--seed", "4"], r"seed \(was 3, got 4\)"),
        (["--gamma", "0.5", "--seed", "4"], r"seed .*gamma \(was 0.9, got 0.5\)"),
        (["--algo", "sac"], r"algo \(was ppo, got sac\)"),
        (["--backend", "sbx"], r"backend \(was torch, got sbx\)"),
    ],
)
def test_a_resumed_run_is_not_given_others(flags, change, stored, tmp_path):
    with pytest.raises(RunFolderError, match=f"its own settings. Got others for: {change}"):
        parse(["--resume-from", str(tmp_path), *flags])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "readable config.json. Got: .*No such file"),
        ("{", "readable config.json"),
        ("[]", "this version's settings"),
        ('{"env": "Lift"}', "this version's settings"),
        ('{"recipe": {"hidden": 3}}', "this version's settings"),
    ],
)
def test_a_folder_that_is_no_run_is_refused(content, message, tmp_path):
    if content is not None:
        (tmp_path / "config.json").write_text(content)
    with pytest.raises(RunFolderError, match=message):
        parse(["--resume-from", str(tmp_path)])
