"""The command line: defaults that follow the choices, and runs that are resumed as they were."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from zprl_env.cli import settings
from zprl_env.errors import ConfigurationError, UnknownNameError, ZprlError
from zprl_env.files import RunFolderError, read_json, write_json
from zprl_env.testing import LinearPolicy
from zprl_env.training.config import Config, check_policy, load_config, parse, save_config
from zprl_env.training.environment import steering_options
from zprl_env.training.settings.recipe import recipe_for


@pytest.fixture
def stored(tmp_path) -> Config:
    """Settings of a run that was started with flags, as they lie in its folder."""
    config = parse(["--algo", "ppo", "--seed", "3", "--gamma", "0.9", "--out", str(tmp_path)])
    save_config(tmp_path, config, LinearPolicy(3, 2))
    return config


def test_nothing_said_is_the_usual_algorithm_on_the_latent_of_the_task_s_own_policy():
    config = parse([])
    assert (config.env, config.algo, config.steer) == ("Lift", "sac", "latent")
    assert config.policy is None
    assert config.recipe == recipe_for("sac", "default", "latent")


def test_settings_of_the_environment_are_json_or_words():
    config = parse(["--env", "Real", "--env-kwargs", "driver=ideal", "images=true"])
    assert settings(config.env_kwargs) == {"driver": "ideal", "images": True}
    with pytest.raises(ZprlError, match=r"must be NAME=VALUE\. Got: 'ideal'"):
        parse(["--env", "Real", "--env-kwargs", "ideal"])


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


def test_a_run_s_settings_import_code_only_where_somebody_says_so(tmp_path):
    config = Config(algo="sac")
    save_config(tmp_path, config, LinearPolicy(3, 1))
    stored = read_json(tmp_path / "config.json")
    for name, code in (
        ("algo", "os:system"),
        ("env", "pkg:Id-v0"),
        ("policy", "os:abort"),
        ("env_kwargs", "driver=os:abort"),
    ):
        said = [code] if name == "env_kwargs" else code
        write_json(tmp_path / "config.json", stored | {name: said})
        with pytest.raises(ConfigurationError, match=rf"{name} {code}\. If .* add --trust"):
            load_config(tmp_path)
    write_json(tmp_path / "config.json", stored | {"algo": "stable_baselines3:SAC"})
    assert load_config(tmp_path, trust=True).algo == "stable_baselines3:SAC"


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


def test_settings_of_another_version_are_named(stored, tmp_path):
    content = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(content | {"learning_speed": 1}))
    with pytest.raises(RunFolderError, match="learning_speed"):
        load_config(tmp_path)


@pytest.mark.parametrize(
    ("before", "noise", "scale"),
    [(0.0, "zero", 2.0), (1.0, "fresh", "auto"), (0.3, "fresh:0.3", 1)],
)
def test_a_run_of_a_version_before_the_noises_is_read(before, noise, scale, stored, tmp_path):
    content = json.loads((tmp_path / "config.json").read_text())
    del content["recipe"]["noise"]
    content["recipe"] |= {"noise_scale": before, "scale": scale}
    (tmp_path / "config.json").write_text(json.dumps(content))
    recipe = load_config(tmp_path).recipe
    assert recipe.noise == noise
    assert recipe.scale == ("published" if scale == "auto" else scale)
    config = parse(["--resume-from", str(tmp_path), "--noise", noise])
    assert config.recipe == recipe


@pytest.mark.parametrize("value", [-1.0, "warm", True, [1.0]])
def test_a_run_with_a_noise_that_is_none_is_refused(value, stored, tmp_path):
    for name in ("noise", "noise_scale"):
        content = json.loads((tmp_path / "config.json").read_text())
        content["recipe"].pop("noise", None)
        content["recipe"].pop("noise_scale", None)
        content["recipe"][name] = value
        (tmp_path / "config.json").write_text(json.dumps(content))
        with pytest.raises(ZprlError, match="noise"):
            load_config(tmp_path)


def test_a_run_belongs_to_the_weights_it_was_started_with(stored, tmp_path):
    policy = LinearPolicy(3, 2)
    check_policy(tmp_path, policy)  # has no hash, had none
    policy.weights_hash = "a" * 64  # type: ignore[attr-defined]
    save_config(tmp_path, stored, policy)
    check_policy(tmp_path, policy)
    policy.weights_hash = "b" * 64  # type: ignore[attr-defined]
    with pytest.raises(
        RunFolderError, match=r"sha256 aaaaaaaaaaaa\.\.\.\).*weights \(bbbbbbbbbbbb"
    ):
        check_policy(tmp_path, policy)
