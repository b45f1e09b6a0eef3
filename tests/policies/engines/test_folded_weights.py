"""Multiplying layers out changes what is stored and not what is computed."""

import numpy as np
import pytest
from scipy.special import erf

from policies.engines.folded_weights import FoldedLayer, FoldedWeights


def layer(inputs, outputs, seed):
    rng = np.random.default_rng(seed)
    return FoldedLayer(rng.normal(size=(inputs, outputs)), rng.normal(size=outputs))


def gelu(x):
    return 0.5 * x * (1.0 + erf(x / np.sqrt(2.0)))


def unscaled(y):
    """What stands between two layers of a list, as the compiled functions compute it."""
    return y + y * erf(y)


def through(layers, x, *, gelu_at_end=False):
    for index, each in enumerate(layers):
        x = each(x)
        if gelu_at_end or index < len(layers) - 1:
            x = unscaled(x)
    return x


def test_one_layer_stands_for_two():
    first, second = layer(3, 4, 0), layer(4, 2, 1)
    x = np.random.default_rng(2).normal(size=(5, 3))
    np.testing.assert_allclose(second.after(first)(x), second(first(x)))


def test_a_scaled_layer_multiplies_its_input_and_its_output():
    whole, x = layer(3, 4, 0), np.random.default_rng(2).normal(size=(5, 3))
    scaled = whole.scaled(0.5, 3.0)
    assert (scaled.weight.dtype, scaled.bias.dtype) == (np.float32, np.float32)
    np.testing.assert_allclose(scaled(x), 3.0 * whole(0.5 * x), rtol=1e-5)


def test_gelu_s_factors_lie_in_the_layers_around_it():
    x, root = np.linspace(-3.0, 3.0, 13), np.sqrt(0.5)
    np.testing.assert_allclose(root * unscaled(root * x), gelu(x), atol=1e-12)


def test_the_encoder_and_the_bottleneck_are_torch_s(model, small_config):
    import torch

    model.eval()
    folded = FoldedWeights.of(small_config, model.arrays())
    seen = np.random.default_rng(0).normal(2.0, 3.0, (6, 5)).astype(np.float32)
    with torch.no_grad():
        features, posterior = model.encode(torch.from_numpy(seen))
    ours = through(folded.encoder, seen - folded.observation_mean)
    np.testing.assert_allclose(ours, features.numpy(), atol=1e-4)
    mean, _ = np.split(through(folded.posterior, ours), 2, axis=1)
    np.testing.assert_allclose(mean, posterior.mean.numpy(), atol=1e-4)


def test_later_changes_of_the_tensors_do_not_reach_it(model, small_config):
    weights = {name: array.copy() for name, array in model.arrays().items()}
    folded = FoldedWeights.of(small_config, weights)
    before = folded.action_scale.copy()
    weights["normalizer.action_scale"] *= 2.0
    np.testing.assert_array_equal(folded.action_scale, before)


def test_tensors_of_another_model_are_refused(model, small_config):
    weights = model.arrays()
    with pytest.raises(KeyError, match="observation_std"):
        FoldedWeights.of(
            small_config, {k: v for k, v in weights.items() if not k.endswith("observation_std")}
        )
    narrow = weights | {"head.output.bias": np.zeros(3, np.float32)}
    with pytest.raises(ValueError, match=r"The layers must have the shapes .*Got"):
        FoldedWeights.of(small_config, narrow)
