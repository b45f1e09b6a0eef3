"""Settings in a file are of the types that they must have, and tell which version wrote them."""

from __future__ import annotations

import json

import pytest

from policies.checkpoints.output import package_version
from zprl_env.files import RunFolderError
from zprl_env.testing import LinearPolicy
from zprl_env.training.config import Config, load_config, save_config
from zprl_env.training.run.settings_file import note_version, resume_command

WRONG: dict[str, list] = {
    "env": [None, 3, []],
    "env_kwargs": [3, "a=1", [3], {}],
    "algo": [None, 3],
    "steer": [[], None],
    "policy": [3, ["Lift"]],
    "policy_class": [True],
    "hyperparams": [3],
    "record": [[]],
    "out": [{}],
    "backend": ["x", None],
    "preset": [[]],
    "keep": ["first"],
    "seed": ["0", 0.5, None, True, []],
    "total_env_steps": ["120", 1e400, {}],
    "num_envs": [None],
    "video": ["yes", 1],
    "recipe": [3, None, [], "sac"],
}
WRONG_RECIPE: dict[str, list] = {
    "hidden": ["88", [[8]], [8.5], 8, None],
    "gamma": [None, "0.9", []],
    "scale": [[], "big", None],
    "layer_norm": ["no", 1],
    "steer_kwargs": ["a=1", [1]],
    "batch_size": ["4", 1.5],
    "observation": ["pictures"],
    "speed": [1],
}


@pytest.fixture
def written(tmp_path) -> dict:
    save_config(tmp_path, Config(algo="sac"), LinearPolicy(3, 2))
    content: dict = json.loads((tmp_path / "config.json").read_text())
    return content


@pytest.mark.parametrize(
    ("place", "name", "value"),
    [
        *(("config", name, value) for name, values in WRONG.items() for value in values),
        *(("recipe", name, value) for name, values in WRONG_RECIPE.items() for value in values),
    ],
)
def test_a_value_of_another_type_is_named(place, name, value, written, tmp_path):
    (written if place == "config" else written["recipe"])[name] = value
    (tmp_path / "config.json").write_text(json.dumps(written))
    with pytest.raises(RunFolderError, match=r"Expected this version's settings") as info:
        load_config(tmp_path)
    assert (name if name != "recipe" else "all of it") in str(info.value)
    assert "The file is damaged, or begin a new one." in str(info.value)


@pytest.mark.parametrize("version", ["9.1", None, 3])
def test_settings_of_another_version_name_both(version, written, tmp_path):
    written["learning_speed"] = 1
    written |= {"zprl_env_version": version}
    (tmp_path / "config.json").write_text(json.dumps(written))
    by = "a version that it does not name" if version is None else f"zprl-env {version}"
    with pytest.raises(RunFolderError) as info:
        load_config(tmp_path)
    text = str(info.value)
    assert f"zprl-env {package_version()}, in {tmp_path / 'config.json'}" in text
    assert f"which was written by {by}. Got: learning_speed: extra inputs" in text
    said: list[str] = []
    note_version(tmp_path, said.append)
    assert said[0].endswith(f"; this is {package_version()}.")


def test_the_same_version_says_nothing(written, tmp_path):
    note_version(tmp_path, pytest.fail)
    assert load_config(tmp_path).algo == "sac"


@pytest.mark.parametrize(
    ("called", "command"),
    [
        ("train_sb3.py", "python train_sb3.py"),
        ("zprl train", "zprl train"),
        ("zprl evaluate", "zprl train"),
        ("/usr/bin/zprl-train", "zprl train"),
    ],
)
@pytest.mark.parametrize(
    ("settings", "trust"),
    [({}, ""), ({"env": "my_lab:make_env"}, " --trust"), ({"algo": "my_lab:Own"}, " --trust")],
)
def test_a_run_goes_on_by_the_command_that_its_user_gave(
    called, command, settings, trust, written, tmp_path, monkeypatch
):
    (tmp_path / "config.json").write_text(json.dumps(written | settings))
    monkeypatch.setattr("sys.argv", [called])
    assert resume_command(tmp_path) == f"{command} --resume-from {tmp_path}{trust}"


def test_settings_that_cannot_be_read_are_told_when_the_run_goes_on(tmp_path):
    assert resume_command(tmp_path).endswith(f"--resume-from {tmp_path}")
