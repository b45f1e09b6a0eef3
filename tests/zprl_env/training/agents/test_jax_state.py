"""What an agent in JAX has learned is read as tensors, checked, and never unpickled."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tests.helpers.point import PointEnv
from tests.helpers.small_model import make_small_model
from zprl_env.files import RunFolderError
from zprl_env.training.agents.jax_state import is_jax, save_states
from zprl_env.training.agents.weights import load_weights

pytest.importorskip("sbx", reason="needs the sbx extra")


@pytest.fixture(scope="module")
def model():
    return make_small_model(PointEnv(), backend="sbx")[0]


@pytest.fixture
def path(model, tmp_path) -> Path:
    save_states(tmp_path / "model.safetensors", model)
    return tmp_path / "model.safetensors"


def refused(path: Path, model) -> str:
    """Have a file refused, see that the model is as it was, and return the one line."""
    before = np.asarray(model.policy.actor_state.params["params"]["Dense_0"]["kernel"])
    with pytest.raises(RunFolderError, match=r"Expected a (saved )?model.*safetensors") as info:
        load_weights(path, model)
    after = np.asarray(model.policy.actor_state.params["params"]["Dense_0"]["kernel"])
    np.testing.assert_array_equal(after, before)
    assert "\n" not in str(info.value)
    return str(info.value)


def test_a_model_knows_what_it_is(model):
    assert is_jax(model)
    assert not is_jax(make_small_model(PointEnv())[0])


def test_parameters_targets_optimisers_and_random_keys_are_kept(path):
    names = " ".join(load_file(path))
    for part in (".params", ".target_params", ".opt_state", "ent_coef_state", "model.key"):
        assert part in names


@pytest.mark.parametrize("how", ["missing", "truncated", "foreign", "pickle"])
def test_a_damaged_file_is_refused_in_one_line(how, path, model):
    content = path.read_bytes()
    if how == "missing":
        path.unlink()
    elif how == "truncated":
        path.write_bytes(content[: len(content) // 2])
    else:
        path.write_bytes(pickle.dumps(content) if how == "pickle" else b"something else")
    refused(path, model)


@pytest.mark.parametrize("part", [".params", ".target_params", ".opt_state", "ent_coef_state"])
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused_wherever_it_is(part, wrong, path, model):
    arrays = load_file(path)
    names = [n for n in arrays if part in n and arrays[n].dtype.kind == "f" and arrays[n].size]
    arrays[names[-1]].flat[0] = wrong
    save_file(arrays, path)
    assert f"NaN or infinity in {names[-1]}" in refused(path, model)


@pytest.mark.parametrize("how", ["shape", "type", "missing", "superfluous"])
def test_a_foreign_model_is_refused(how, path, model):
    tensors = load_file(path)
    name = next(name for name in tensors if "kernel" in name)
    if how == "shape":
        tensors[name] = np.zeros((2, 2), np.float32)
    elif how == "type":
        tensors[name] = tensors[name].astype(np.float64)
    elif how == "missing":
        del tensors[name]
    else:
        tensors["unheard_of"] = np.zeros(1)
    save_file(tensors, path)
    text = refused(path, model)
    assert ("unheard_of" if how == "superfluous" else "kernel") in text
