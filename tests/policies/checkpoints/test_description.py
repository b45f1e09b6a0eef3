"""Whatever stands in a description, it is refused in one line or it makes a policy that acts."""

import copy
import json

import numpy as np
import pytest
import safetensors.numpy

from policies.checkpoints.contents import arrays_hash
from policies.compiled_policy import CompiledPolicy
from policies.errors import CheckpointError
from policies.frozen import FrozenPolicy

WRONG = [None, True, -1, 0, 1e308, 10**400, "x", "3", "y" * 10**5, [], {}, [None], {"a": 1}, 2.5]


@pytest.fixture
def folder(policy, tmp_path):
    policy.save(tmp_path / "policy")
    return tmp_path / "policy"


def places(value, at=()):
    """Every place in a document, from the whole to the single number."""
    yield at
    inner_values = dict(enumerate(value)) if isinstance(value, list) else value
    for key, inner in inner_values.items() if isinstance(inner_values, dict) else ():
        yield from places(inner, (*at, key))


def test_every_entry_of_every_wrong_kind_is_refused_or_harmless(folder):
    path = folder / "policy.json"
    sound = json.loads(path.read_text())
    refused = loaded = 0
    for at in places(sound):
        for wrong in WRONG:
            document = copy.deepcopy(sound)
            place = document
            for key in at[:-1]:
                place = place[key]
            if at:
                place[at[-1]] = wrong
            path.write_text(json.dumps(document if at else wrong))
            try:
                CompiledPolicy.load(folder).encode(np.zeros((1, 5)))
                loaded += 1
            except CheckpointError as error:
                assert "\n" not in str(error)  # noqa: PT017
                assert len(str(error)) < 1500  # noqa: PT017
                refused += 1
    assert refused > 400
    assert loaded > 20  # in what is only told


def rewrite(folder, changes, latent=None):
    """Other tensors and statistics, with the hash that fits them."""
    path = folder / "policy.safetensors"
    weights = safetensors.numpy.load_file(path)
    for name, value in changes.items():
        weights[name] = value(weights[name])
    safetensors.numpy.save_file(weights, path)
    described = json.loads((folder / "policy.json").read_text())
    described |= {"weights_sha256": arrays_hash(weights)}
    described["latent"] |= latent or {}
    (folder / "policy.json").write_text(json.dumps(described))


def first(value):
    def change(array):
        array = array.copy()
        array.flat[0] = value
        return array

    return change


@pytest.mark.parametrize("load", [FrozenPolicy.load, CompiledPolicy.load])
@pytest.mark.parametrize(
    ("changes", "latent", "message"),
    [
        ({"normalizer.action_center": first(np.nan)}, {}, "action_center' in .* must be finite"),
        ({"normalizer.observation_mean": first(np.inf)}, {}, "observation_mean' in .* finite"),
        ({"normalizer.observation_std": first(np.nan)}, {}, "observation_std' in .* finite"),
        ({"normalizer.observation_std": first(0.0)}, {}, "observation_std in .* must be above 0"),
        ({"normalizer.observation_std": first(-1.0)}, {}, "observation_std in .* be above 0"),
        ({"normalizer.observation_std": first(1e-45)}, {}, "observation_std in .* be above 0"),
        ({"normalizer.action_scale": first(-1.0)}, {}, "action_scale in .* must be at least 0"),
        ({"head.output.bias": first(-np.inf)}, {}, "head.output.bias' in .* must be finite"),
        ({}, {"rms": [0.0, 1.0, 1.0]}, "latent rms of .* must be above 0"),
        ({}, {"rms": [1e-60, 1.0, 1.0]}, "latent rms of .* must be above 0"),
        ({}, {"std": [0.0, 1.0, 1.0]}, "latent std of .* must be above 0"),
        ({}, {"std": [-1.0, 1.0, 1.0]}, "latent std of .* must be above 0"),
        ({}, {"mean": [1e39, 1.0, 1.0]}, "latent mean of .* must be finite"),
        ({}, {"rms": [float("nan")] * 3}, "NaN is no number of JSON's"),
        ({}, {"posterior_std": [-1.0, 1.0, 1.0]}, "posterior_std of .* must be at least 0"),
        ({}, {"rms": ["1", "1", "1"]}, "latent rms of .* must be a list of 3 numbers"),
        ({"head.output.bias": lambda a: a.astype(np.int32)}, {}, r"F32 \(8,\) .*Got: I32"),
        ({"head.output.bias": lambda a: a.astype(np.float64)}, {}, r"F32 \(8,\) .*Got: F64"),
        ({"head.output.bias": lambda a: a.astype(np.float16)}, {}, r"F32 \(8,\) .*Got: F16"),
        ({"head.output.bias": lambda a: a[:, None]}, {}, r"F32 \(8,\) .*Got: F32 \(8, 1\)"),
    ],
)
def test_weights_and_statistics_that_cannot_act_are_refused(folder, load, changes, latent, message):
    rewrite(folder, changes, latent)
    with pytest.raises(CheckpointError, match=message):
        load(folder)


@pytest.mark.parametrize(
    ("size", "value"),
    [("hidden_dim", 16_000), ("n_euler_steps", 10**9), ("n_blocks", 10**6), ("horizon", 10**8)],
)
def test_a_size_that_is_not_there_is_not_allocated(folder, size, value, monkeypatch):
    from policies.checkpoints import model

    monkeypatch.setattr(model, "VibFlow", lambda config: pytest.fail("it was allocated"))
    path = folder / "policy.json"
    described = json.loads(path.read_text())
    described["model"][size] = value
    path.write_text(json.dumps(described | ({size: value} if size in described else {})))
    with pytest.raises(CheckpointError):
        FrozenPolicy.load(folder)


def test_a_policy_that_cannot_act_is_not_saved_either(model, metadata, tmp_path):
    model.head.output.bias.data[0] = float("nan")
    with pytest.raises(CheckpointError, match=r"head\.output\.bias' in .* must be finite"):
        FrozenPolicy(model, metadata, "torch").save(tmp_path / "p")
    assert not (tmp_path / "p").exists()
