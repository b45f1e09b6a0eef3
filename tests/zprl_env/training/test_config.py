"""A run's settings, as they are kept beside what it learned."""

from __future__ import annotations

import json

import pytest

from zprl_env.cli import settings
from zprl_env.errors import ConfigurationError, ZprlError
from zprl_env.files import RunFolderError, read_json, write_json
from zprl_env.testing import LinearPolicy
from zprl_env.training.command_line import parse
from zprl_env.training.config import Config, check_policy, load_config, save_config


def test_settings_of_the_environment_are_json_or_words():
    config = parse(["--env", "Real", "--env-kwargs", "driver=ideal", "images=true"])
    assert settings(config.env_kwargs) == {"driver": "ideal", "images": True}
    with pytest.raises(ZprlError, match=r"must be NAME=VALUE\. Got: 'ideal'"):
        parse(["--env", "Real", "--env-kwargs", "ideal"])


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
