"""A policy without torch is the one with it."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

import policies
from policies.checkpoints.files import arrays_hash
from policies.compiled_policy import CompiledPolicy
from policies.errors import CheckpointError, PolicyMismatchError
from policies.frozen import FrozenPolicy

PRETRAINED = Path(policies.__file__).parent / "pretrained"
SHIPPED = sorted(
    path.parent for path in PRETRAINED.glob("*/policy.json") if "-pixels" not in path.parent.name
)


@pytest.fixture
def folder(policy, tmp_path):
    policy.save(tmp_path / "policy")
    return tmp_path / "policy"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_every_shipped_policy_is_the_same_to_the_bit(path):
    ours, theirs = CompiledPolicy.load(path), FrozenPolicy.load(path)
    assert (ours.metadata, ours.weights_hash) == (theirs.metadata, theirs.weights_hash)
    rng = np.random.default_rng(0)
    for _ in range(5):
        seen = rng.normal(size=(1, ours.observation_dim))
        noise = rng.normal(size=(1, ours.horizon, ours.action_dim))
        for one, two in zip(ours.encode(seen), theirs.encode(seen), strict=True):
            np.testing.assert_array_equal(one, two, strict=True)
        latents = ours.latent_mean + 3.0 * ours.latent_std * rng.normal(size=(1, ours.latent_dim))
        np.testing.assert_array_equal(
            ours.decode(latents, noise), theirs.decode(latents, noise), strict=True
        )
        np.testing.assert_array_equal(ours.normalize(seen), theirs.normalize(seen), strict=True)


def test_the_rows_of_a_batch_are_single_decisions(folder):
    policy = CompiledPolicy.load(folder)
    rng = np.random.default_rng(0)
    seen, noise = rng.normal(size=(3, 5)), rng.normal(size=(3, 4, 2))
    encoding = policy.encode(seen)
    assert encoding.std.shape == (3, 3)
    chunks = policy.decode(encoding.mean, noise)
    for row in range(3):
        alone = policy.encode(seen[row : row + 1])
        np.testing.assert_array_equal(alone.mean[0], encoding.mean[row])
        np.testing.assert_array_equal(
            policy.decode(alone.mean, noise[row : row + 1])[0], chunks[row]
        )


def test_it_refuses_what_does_not_fit(folder):
    policy = CompiledPolicy.load(folder)
    with pytest.raises(PolicyMismatchError, match=r"observations must have the shape \(B, 5\)"):
        policy.encode(np.zeros((1, 4)))
    with pytest.raises(PolicyMismatchError, match="one batch size"):
        policy.decode(np.zeros((1, 3)), np.zeros((2, 4, 2)))


def test_another_head_is_torch_s(small_config, metadata, tmp_path):
    from policies.model.vib_flow import VibFlow

    config = dataclasses.replace(small_config, head="unet", unet_channels=(8,))
    FrozenPolicy(VibFlow(config), metadata).save(tmp_path)
    with pytest.raises(CheckpointError, match=r"head 'mlp'\. Got: 'unet'\. Use FrozenPolicy"):
        CompiledPolicy.load(tmp_path)


def test_changed_weights_are_found_by_their_hash(folder):
    weights = safetensors.numpy.load_file(folder / "policy.safetensors")
    weights["encoder.net.0.bias"] += 1.0
    safetensors.numpy.save_file(weights, folder / "policy.safetensors")
    with pytest.raises(CheckpointError, match="weights_sha256"):
        CompiledPolicy.load(folder)


def replace_weights(folder, weights):
    """Write other tensors with the hash that fits them."""
    safetensors.numpy.save_file(weights, folder / "policy.safetensors")
    path = folder / "policy.json"
    content = json.loads(path.read_text()) | {"weights_sha256": arrays_hash(weights)}
    path.write_text(json.dumps(content))


def test_a_tensor_that_is_missing_is_refused_even_with_its_hash(folder):
    weights = safetensors.numpy.load_file(folder / "policy.safetensors")
    del weights["head.output.bias"]
    replace_weights(folder, weights)
    with pytest.raises(
        CheckpointError, match=r"in .*policy\.safetensors must be .* by its description\. Got"
    ):
        CompiledPolicy.load(folder)


@pytest.mark.parametrize("axis", [0, -1])
def test_tensors_of_another_size_are_refused_even_with_their_hash(axis, folder):
    sound = safetensors.numpy.load_file(folder / "policy.safetensors")
    for name, array in sound.items():
        shape = list(array.shape)
        shape[axis] -= 1
        replace_weights(folder, sound | {name: np.ones(shape, np.float32)})
        with pytest.raises(
            CheckpointError, match=r"in .*policy\.safetensors must be .* by its description\. Got"
        ):
            CompiledPolicy.load(folder)


def test_it_needs_no_torch(folder):
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from policies.compiled_policy import CompiledPolicy\n"
        f"print(CompiledPolicy.load({str(folder)!r}).encode([[0.0] * 5]).mean.shape)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "(1, 3)", "")
