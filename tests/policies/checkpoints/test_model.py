import json
import pickle

import numpy as np
import pytest
import safetensors.torch
import torch

from policies.checkpoints import model as checkpoint
from policies.checkpoints.output import package_version
from policies.errors import CheckpointError
from policies.frozen import FrozenPolicy


@pytest.fixture
def folder(policy, tmp_path):
    policy.save(tmp_path / "policy")
    return tmp_path / "policy"


def edit(folder, **changes):
    path = folder / "policy.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def refused(path):
    with pytest.raises(CheckpointError) as caught:
        FrozenPolicy.load(path)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_policy_comes_back_bit_for_bit(policy, folder):
    loaded = FrozenPolicy.load(folder)
    observations = np.random.default_rng(0).normal(size=(4, 5))
    noise = np.random.default_rng(1).normal(size=(4, 4, 2))
    before, after = policy.encode(observations), loaded.encode(observations)
    assert all(a.tobytes() == b.tobytes() for a, b in zip(before, after, strict=True))
    decoded = [p.decode(before.mean, noise).tobytes() for p in (policy, loaded)]
    assert decoded[0] == decoded[1]
    assert loaded.weights_hash == policy.weights_hash
    assert loaded.metadata == policy.metadata | {"zprl_env_version": package_version()}
    np.testing.assert_array_equal(loaded.latent_rms, policy.latent_rms)


def test_the_description_says_what_a_reader_needs(folder):
    described = json.loads((folder / "policy.json").read_text())
    assert described["format"] == "zprl-policy"
    assert described["version"] == 1
    assert described["observation_keys"] == {"arm": 2, "object": 3}
    assert described["env_args"]["env_name"] == "Toy"
    assert (described["horizon"], described["n_action_steps"]) == (4, 2)
    assert described["n_euler_steps"] == 3
    assert described["latent"]["rms"] == [1.0, 2.0, 3.0]


def test_saving_again_replaces_and_leaves_no_other_files(policy, folder):
    policy.save(folder)
    assert sorted(path.name for path in folder.iterdir()) == ["policy.json", "policy.safetensors"]


def test_loading_leaves_the_global_random_state_alone(folder):
    before = torch.random.get_rng_state()
    FrozenPolicy.load(folder)
    assert torch.equal(before, torch.random.get_rng_state())


def test_a_loaded_model_cannot_learn(folder):
    model = checkpoint.load(folder).model
    assert not model.training
    assert not any(weight.requires_grad for weight in model.parameters())


def test_a_missing_folder_is_named(tmp_path):
    message = refused(tmp_path / "nowhere")
    assert "a checkpoint must be a folder. Got:" in message
    assert "nowhere (nothing there)" in message


@pytest.mark.parametrize("name", ["policy.json", "policy.safetensors"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    assert f"must hold {name}. Got: [" in refused(folder)


def test_truncated_weights_are_refused(folder):
    path = folder / "policy.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    assert "must be a complete safetensors file" in refused(folder)


def test_broken_json_is_refused(folder):
    (folder / "policy.json").write_text('{"format": ')
    assert "policy.json must be readable JSON" in refused(folder)


@pytest.mark.parametrize("text", ["[]", "{}", '{"format": "other"}'])
def test_foreign_json_is_refused(folder, text):
    (folder / "policy.json").write_text(text)
    assert 'must say "format": "zprl-policy". Got: ' in refused(folder)


def test_another_version_is_refused(folder):
    edit(folder, version=2)
    assert "must be of format version 1. Got: 2." in refused(folder)


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was loaded",))


@pytest.mark.parametrize("name", ["model.pt", "model.pth", "model.pkl", "model.zip"])
def test_a_pickle_is_refused_and_never_loaded(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(pickle.dumps(Bomb()))
    said = refused(path)
    assert "an object of Python's, whose loading would call _pytest.outcomes" in said
    assert "which can run code, and is never loaded here. Steer its policy where it can be" in said
    path.write_bytes(b"anything")
    assert "those can run code and are never loaded" in refused(path)


def test_a_pickle_under_a_false_name_is_refused(folder):
    (folder / "policy.safetensors").write_bytes(pickle.dumps(Bomb()))
    assert "must be a complete safetensors file" in refused(folder)


def test_changed_weights_are_found_by_their_hash(folder):
    path = folder / "policy.safetensors"
    weights = safetensors.torch.load_file(path)
    weights["encoder.net.0.bias"] += 1.0
    safetensors.torch.save_file(weights, path)
    assert "weights_sha256" in refused(folder)


def test_a_description_at_odds_with_its_model_is_refused(folder):
    edit(folder, horizon=8)
    assert "horizon in" in refused(folder)


def test_sizes_that_do_not_match_the_weights_are_named(folder):
    model = json.loads((folder / "policy.json").read_text())["model"]
    edit(folder, model={**model, "latent_dim": 4})
    edit(folder, latent={name: [1.0] * 4 for name in ("mean", "std", "rms")})
    message = refused(folder)
    assert "bottleneck.decoder.0.weight" in message
    assert "(16, 4)" in message
    assert "(16, 3)" in message


def test_an_impossible_model_is_refused(folder):
    edit(folder, model={"depth": 3})
    assert "has no valid model: a model configuration must have exactly" in refused(folder)


def test_missing_latent_statistics_are_refused(folder):
    edit(folder, latent={"mean": [0.0] * 3, "std": [1.0] * 3})
    assert "latent rms" in refused(folder)
    assert "must be a list of 3 numbers. Got: None." in refused(folder)


def test_a_file_cannot_be_the_folder(policy, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match=r"a checkpoint is saved to a folder. Got a file"):
        policy.save(tmp_path / "file")


def test_metadata_that_is_not_json_is_refused_before_anything_is_written(model, metadata, tmp_path):
    with pytest.raises(CheckpointError, match="metadata must be plain JSON values"):
        checkpoint.save(model, tmp_path / "p", {**metadata, "training": {"loss": float("nan")}})
    assert not (tmp_path / "p").exists()
