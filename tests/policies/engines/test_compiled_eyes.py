import dataclasses
from pathlib import Path

import numpy as np
import pytest

import policies
from policies.compiled_policy import CompiledPolicy
from policies.engines.compiled_eyes import CompiledEyes
from policies.frozen import FrozenPolicy
from policies.model.vib_flow import VibFlow


@pytest.mark.parametrize("hidden", [(16,), ()])
def test_the_compiled_engine_equals_torch_and_a_row_alone_its_row_in_a_batch(
    seeing_config, metadata, shown, hidden
):
    features = 16 if hidden else 2 * 96
    config = dataclasses.replace(
        seeing_config, encoder_hidden_dims=hidden, feature_dim=features + 5
    )
    model = VibFlow(config)
    model.normalizer.fit(np.random.default_rng(0).normal(2, 3, (50, 5)), np.eye(50, 2))
    quick, plain = (FrozenPolicy(model, metadata, engine) for engine in ("numba", "torch"))
    batch = shown(3)
    for ours, theirs in zip(quick.encode(batch), plain.encode(batch), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-5)
    alone = quick.encode({name: values[1:2] for name, values in batch.items()})
    for row, rows in zip(alone, quick.encode(batch), strict=True):
        assert np.array_equal(row, rows[1:2])


def test_onnx_takes_bytes_and_equals_torch_at_any_batch(seeing_model, metadata, shown):
    plain, graph = (FrozenPolicy(seeing_model, metadata, engine) for engine in ("torch", "onnx"))
    for size in (1, 5):
        batch = shown(size)
        for ours, theirs in zip(graph.encode(batch), plain.encode(batch), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-5)


def test_tensors_of_other_sizes_are_refused(seeing_model):
    weights = seeing_model.arrays()
    weights["encoder.cameras.1.layers.2.weight"] = np.zeros((3, 3, 3, 3), np.float32)
    with pytest.raises(ValueError, match=r"layers.2 must have the shape \(32, 32, 3, 3\)"):
        CompiledEyes(seeing_model.config.pictures, weights)


def test_the_shipped_policy_that_sees_is_the_same_without_torch_and_as_in_torch():
    path = Path(policies.__file__).parent / "pretrained" / "lift-pixels"
    light, quick = CompiledPolicy.load(path), FrozenPolicy.load(path)
    plain = FrozenPolicy.load(path, "torch")
    rng = np.random.default_rng(0)
    batch = {name: rng.integers(256, size=(2, 84, 84, 3), dtype=np.uint8) for name in plain.cameras}
    batch = {"state": rng.normal(size=(2, plain.observation_dim)).astype(np.float32), **batch}
    for ours, same, theirs in zip(*(p.encode(batch) for p in (light, quick, plain)), strict=True):
        np.testing.assert_array_equal(ours, same)
        np.testing.assert_allclose(same, theirs, rtol=1e-4, atol=1e-4)
