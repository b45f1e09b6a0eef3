"""The engine that the others are compared with is the model itself."""

import numpy as np
import torch

from policies.engines.torch import TorchEngine


def test_it_encodes_as_the_model_does(model):
    model.eval()
    seen = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)
    encoding = TorchEngine(model).encode(seen)
    with torch.no_grad():
        features, posterior = model.encode(torch.from_numpy(seen))
    np.testing.assert_array_equal(encoding.features, features.numpy())
    np.testing.assert_array_equal(encoding.mean, posterior.mean.numpy())
    np.testing.assert_array_equal(encoding.std, posterior.std.numpy())


def test_it_integrates_the_flow_by_euler_s_method(model, small_config):
    model.eval()
    rng = np.random.default_rng(0)
    latents = rng.normal(size=(2, 3)).astype(np.float32)
    noise = rng.normal(size=(2, 4, 2)).astype(np.float32)
    x, steps = torch.from_numpy(noise), small_config.n_euler_steps
    with torch.no_grad():
        condition = model.bottleneck.decode(torch.from_numpy(latents))
        for step in range(steps):
            times = torch.full((2,), step / steps)
            x = x + model.head(x, times, condition) / steps
        expected = model.normalizer.restore_actions(x)
    np.testing.assert_allclose(
        TorchEngine(model).decode(latents, noise), expected.numpy(), rtol=1e-5, atol=1e-6
    )


def test_no_gradient_is_kept(model):
    chunks = TorchEngine(model).decode(
        np.zeros((1, 3), np.float32), np.zeros((1, 4, 2), np.float32)
    )
    assert isinstance(chunks, np.ndarray)
    assert all(weight.grad is None for weight in model.parameters())
