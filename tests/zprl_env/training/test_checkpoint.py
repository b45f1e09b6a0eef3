"""A run that is saved and read back is the run that was saved; what is foreign is not run."""

from __future__ import annotations

import base64
import json
import pickle
import zipfile
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from tests.point import PointEnv
from tests.zprl_env.training.small_model import make_small_model
from zprl_env.evaluation import EvaluationResult
from zprl_env.testing import LinearPolicy
from zprl_env.training.algorithms import off_policy_names
from zprl_env.training.callbacks import History, ProgressCallback
from zprl_env.training.checkpoint import (
    load_agent,
    load_checkpoint,
    load_history,
    load_weights,
    save_checkpoint,
)
from zprl_env.training.environment import evaluation_env
from zprl_env.training.files import RunFolderError
from zprl_env.training.recipe import AlgorithmName


def trained(algo="sac", env_steps=120, **settings):
    model, recipe = make_small_model(PointEnv(), algo, **settings)
    history = History()
    model.learn(env_steps, ProgressCallback(history, env_steps, show=False), log_interval=None)
    return model, recipe, history


def tensors(model) -> dict[str, torch.Tensor]:
    """Everything that learning changes: weights, targets, optimisers and the temperature."""
    found: dict[str, torch.Tensor] = {}

    def collect(name: str, value: object) -> None:
        if isinstance(value, dict):
            for key, item in value.items():
                collect(f"{name}/{key}", item)
        elif isinstance(value, list):
            collect(name, dict(enumerate(value)))
        elif isinstance(value, torch.Tensor):
            found[name] = value.detach()

    collect("", model.get_parameters())
    collect("temperature", getattr(model, "log_ent_coef", None))
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    model, _, history = trained()
    save_checkpoint(folder, model, history)
    return folder


@pytest.fixture
def copy(folder, tmp_path) -> Path:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


@pytest.mark.parametrize("settings", [{}, {"layer_norm": False}, {"ent_coef": "0.1"}])
def test_an_off_policy_run_comes_back_whole(settings, tmp_path):
    model, _, history = trained(**settings)
    save_checkpoint(tmp_path, model, history)
    other, _ = make_small_model(PointEnv(), seed=5, **settings)
    load_checkpoint(tmp_path, other, load_history(tmp_path))

    mine, theirs = tensors(other), tensors(model)
    assert mine.keys() == theirs.keys()
    assert len(mine) > 30
    for name, tensor in theirs.items():
        torch.testing.assert_close(mine[name], tensor, rtol=0, atol=0, msg=name)
    assert other.num_timesteps == model.num_timesteps > 0
    before, after = model.replay_buffer, other.replay_buffer
    assert (after.pos, after.full) == (before.pos, before.full) == (59, False)
    for name in ("observations", "next_observations", "actions", "rewards", "discounts"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name), err_msg=name)
    # The run was cut in the middle of an episode, which the next one does not continue.
    np.testing.assert_array_equal(after.dones[:58], before.dones[:58])
    assert (after.dones[58, 0], after.timeouts[58, 0]) == (1, 1)


def test_a_buffer_that_has_gone_round_goes_on_where_it_was(tmp_path):
    model, _, history = trained(buffer_size=50)
    save_checkpoint(tmp_path, model, history)
    other, _ = make_small_model(PointEnv(), buffer_size=50)
    load_checkpoint(tmp_path, other, load_history(tmp_path))
    assert (other.replay_buffer.pos, other.replay_buffer.full) == (9, True)
    np.testing.assert_array_equal(
        other.replay_buffer.observations, model.replay_buffer.observations
    )
    other.learn(10, log_interval=None)
    assert other.replay_buffer.pos == 19


def test_an_empty_buffer_is_a_buffer(tmp_path):
    model, _ = make_small_model(PointEnv())
    save_checkpoint(tmp_path, model, History())
    other, _ = make_small_model(PointEnv(), seed=5)
    load_checkpoint(tmp_path, other, load_history(tmp_path))
    assert other.replay_buffer.size() == 0


@pytest.mark.parametrize("algo", get_args(AlgorithmName))
def test_every_algorithm_comes_back_whole_and_plays(algo, tmp_path):
    model, recipe, history = trained(algo, env_steps=60)
    save_checkpoint(tmp_path, model, history)
    assert (tmp_path / "replay.safetensors").exists() == (algo in off_policy_names())
    other, _ = make_small_model(PointEnv(), algo, seed=5)
    load_checkpoint(tmp_path, other, load_history(tmp_path))
    for name, tensor in tensors(model).items():
        torch.testing.assert_close(tensors(other)[name], tensor, rtol=0, atol=0, msg=name)
    other.learn(10, log_interval=None)

    env = evaluation_env(PointEnv(), LinearPolicy(3, 2), "latent", recipe)
    observation, _ = env.reset(seed=0)
    expected, _ = model.predict(observation, deterministic=True)
    agent = load_agent(tmp_path, algo, recipe, env)
    np.testing.assert_array_equal(agent(observation), expected)


def test_the_history_comes_back_whole(tmp_path):
    model, _ = make_small_model(PointEnv())
    result = EvaluationResult(np.array([7, 8]), np.array([True, False]), np.array([3, 20]))
    history = History(40, 21, [3, 40], [True, False], [(0, result), (40, result)], 1.5)
    save_checkpoint(tmp_path, model, history)
    loaded = load_history(tmp_path)
    assert json.dumps([r.to_dict() for _, r in loaded.evaluations]) == json.dumps(
        [result.to_dict()] * 2
    )
    loaded.evaluations = history.evaluations
    assert loaded == history


def test_an_agent_acts_as_its_model_does(folder):
    model, recipe = make_small_model(PointEnv(), seed=5)
    load_weights(folder / "model.zip", model)
    env = evaluation_env(PointEnv(), LinearPolicy(3, 2), "latent", recipe)
    agent = load_agent(folder, "sac", recipe, env)
    observation, _ = env.reset(seed=0)
    expected, _ = model.predict(observation, deterministic=True)
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
    load_checkpoint(copy, model, load_history(copy))
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


def damage(path: Path, how: str) -> None:
    content = path.read_bytes()
    if how == "missing":
        path.unlink()
    elif how == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "foreign":
        path.write_bytes(b"something else altogether")
    else:
        middle = len(content) // 2
        path.write_bytes(content[:middle] + b"\xff" * 64 + content[middle + 64 :])


@pytest.mark.parametrize("how", ["missing", "truncated", "empty", "foreign", "overwritten"])
def test_a_damaged_model_is_refused_in_one_line(how, copy):
    damage(copy / "model.zip", how)
    model, _ = make_small_model(PointEnv())
    with pytest.raises(RunFolderError, match=r"Expected a (saved )?model.*model\.zip") as info:
        load_checkpoint(copy, model, load_history(copy))
    assert "\n" not in str(info.value)


@pytest.mark.parametrize("how", ["missing", "truncated", "empty", "foreign"])
def test_a_damaged_replay_buffer_is_refused_in_one_line(how, copy):
    damage(copy / "replay.safetensors", how)
    model, _ = make_small_model(PointEnv())
    with pytest.raises(RunFolderError, match=r"Expected a replay buffer.*safetensors") as info:
        load_checkpoint(copy, model, load_history(copy))
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


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rewards", np.zeros((3, 1), np.float32)),
        ("observations", np.zeros((59, 1, 3), np.float32)),
        ("position", np.array([1000, 0])),
        ("position", np.array([1, 2, 3])),
        ("unheard_of", np.zeros(1)),
    ],
)
def test_a_replay_buffer_of_another_configuration_is_refused(name, value, copy):
    path = copy / "replay.safetensors"
    save_file(load_file(path) | {name: value}, path)
    model, _ = make_small_model(PointEnv())
    with pytest.raises(RunFolderError, match=r"of the run's configuration"):
        load_checkpoint(copy, model, load_history(copy))


@pytest.mark.parametrize(
    "content", ["{}", "[]", '{"evaluations": [[1, {}]]}', '{"evaluations": [], "x": 1}']
)
def test_a_foreign_history_is_refused(content, tmp_path):
    (tmp_path / "history.json").write_text(content)
    with pytest.raises(RunFolderError, match=r"Expected a run's history in .*history\.json"):
        load_history(tmp_path)
