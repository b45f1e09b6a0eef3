"""An agent that is saved and read back acts as it did; what is foreign is not run."""

from __future__ import annotations

import base64
import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.damage import damage
from tests.helpers.point import PointEnv
from tests.helpers.small_model import assert_same_tensors, make_small_model, trained
from zprl_env.files import RunFolderError
from zprl_env.testing import LinearPolicy
from zprl_env.training.agents.weights import load_agent, load_weights, save_weights
from zprl_env.training.environment import evaluation_env
from zprl_env.training.settings.algorithms import ALGORITHMS


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    model, _, _ = trained()
    save_weights(folder, model)
    return folder


@pytest.fixture
def copy(folder, tmp_path) -> Path:
    (tmp_path / "model.zip").write_bytes((folder / "model.zip").read_bytes())
    return tmp_path


@pytest.mark.parametrize("algo", ALGORITHMS)
def test_every_algorithm_comes_back_whole_and_plays(algo, tmp_path):
    model, recipe, _ = trained(algo, env_steps=60)
    file = save_weights(tmp_path, model)
    assert [*tmp_path.iterdir()] == [file] == [tmp_path / "model.zip"]
    other, _ = make_small_model(PointEnv(), algo, seed=5)
    load_weights(file, other)
    assert_same_tensors(other, model)
    other.learn(10, log_interval=None)

    env = evaluation_env(PointEnv(), LinearPolicy(3, 2), "latent", recipe)
    observation, _ = env.reset(seed=0)
    expected, _ = model.predict(observation, deterministic=True)
    agent = load_agent(tmp_path, algo, recipe, env)
    np.testing.assert_array_equal(agent(observation), expected)
    assert expected.any()


class Bomb:
    """Touches a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def rewrite(path: Path, name: str, content: bytes) -> None:
    """Replace or add one member of a zip archive."""
    with zipfile.ZipFile(path) as archive:
        members = {member: archive.read(member) for member in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for member, old in (members | {name: content}).items():
            archive.writestr(member, content if member == name else old)


def test_a_pickle_in_the_settings_of_a_model_is_not_run(copy, tmp_path):
    trace = tmp_path / "executed"
    bomb = base64.b64encode(pickle.dumps(Bomb(trace))).decode()
    entry = {":type:": "<class 'dict'>", ":serialized:": bomb}
    rewrite(copy / "model.zip", "data", json.dumps({"policy_kwargs": entry}).encode())
    model, _ = make_small_model(PointEnv())
    load_weights(copy / "model.zip", model)
    assert not trace.exists()
    pickle.loads(base64.b64decode(bomb))
    assert trace.exists()  # it would have been seen


@pytest.mark.parametrize("name", ["policy.pth", "pytorch_variables.pth", "extra.pth"])
def test_a_pickle_in_the_place_of_weights_is_refused_and_not_run(name, copy, tmp_path):
    trace = tmp_path / "executed"
    rewrite(copy / "model.zip", name, pickle.dumps(Bomb(trace), protocol=2))
    model, _ = make_small_model(PointEnv())
    with pytest.raises(RunFolderError, match="same algorithm and sizes"):
        load_weights(copy / "model.zip", model)
    assert not trace.exists()


@pytest.mark.parametrize("how", ["missing", "truncated", "empty", "foreign", "overwritten"])
def test_a_damaged_model_is_refused_in_one_line(how, copy):
    damage(copy / "model.zip", how)
    model, _ = make_small_model(PointEnv())
    with pytest.raises(RunFolderError, match=r"Expected a (saved )?model.*model\.zip") as info:
        load_weights(copy / "model.zip", model)
    assert "\n" not in str(info.value)


@pytest.mark.parametrize("settings", [{"hidden": (4,)}, {"n_critics": 3}, {"layer_norm": False}])
def test_a_model_of_another_configuration_is_refused(settings, folder):
    model, _ = make_small_model(PointEnv(), **settings)
    with pytest.raises(RunFolderError, match="same algorithm and sizes") as info:
        load_weights(folder / "model.zip", model)
    assert "\n" not in str(info.value)


def test_a_model_of_another_algorithm_is_refused(folder):
    model, _ = make_small_model(PointEnv(), "ppo")
    with pytest.raises(RunFolderError, match="same algorithm and sizes"):
        load_weights(folder / "model.zip", model)
