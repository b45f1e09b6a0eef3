"""One decision at a time without torch, which takes longer to call a small layer than to run it.

The sums are :func:`numpy.einsum`'s rather than BLAS's: BLAS would start threads for them, and on a
machine that is busy with simulators a decision would wait for those. Whatever does not depend on
the observation is multiplied out once: the normaliser, layers in a row, the embedding of the times.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from scipy.special import erf
from torch import nn

from policies.bottleneck import MAX_LOG_VARIANCE, MIN_LOG_VARIANCE
from policies.encoding import Encoding
from policies.engines.torch import TorchEngine
from policies.heads import FilmMlpHead
from policies.vib_flow import VibFlow

_EPSILON = 1e-5
"""What torch's layer norm adds to the variance."""

_ROOT = math.sqrt(0.5)
"""gelu(x) is _ROOT (y + y erf(y)) with y = _ROOT x; both factors go into the layers around it."""


class _Layer(NamedTuple):
    """x to x @ weight + bias, of shapes ``(in, out)`` and ``(out,)``."""

    weight: np.ndarray
    bias: np.ndarray

    @classmethod
    def of(cls, module: nn.Linear) -> _Layer:
        return cls(module.weight.double().numpy().T, module.bias.double().numpy())

    def after(self, first: _Layer) -> _Layer:
        """One layer for two that have no nonlinearity between them."""
        return _Layer(first.weight @ self.weight, first.bias @ self.weight + self.bias)

    def scaled(self, before: float, after: float) -> _Layer:
        """The layer with its input and its output multiplied, in single precision."""
        weight = np.ascontiguousarray(self.weight * (before * after), np.float32)
        return _Layer(weight, np.asarray(self.bias * after, np.float32))

    def __call__(self, x: np.ndarray) -> np.ndarray:
        y: np.ndarray = np.einsum("...i,io->...o", x, self.weight)
        y += self.bias
        return y


def _layers(network: nn.Module) -> list[_Layer]:
    return [_Layer.of(module) for module in network.modules() if isinstance(module, nn.Linear)]


def _between_gelus(layers: Sequence[_Layer], *, gelu_at_end: bool) -> list[_Layer]:
    last = len(layers) - 1
    return [
        layer.scaled(_ROOT if i > 0 else 1.0, _ROOT if gelu_at_end or i < last else 1.0)
        for i, layer in enumerate(layers)
    ]


def _gelu(y: np.ndarray) -> np.ndarray:
    """GELU but for the factors that are in the weights."""
    x: np.ndarray = erf(y)
    x *= y
    x += y
    return x


def _run(layers: Sequence[_Layer], x: np.ndarray) -> np.ndarray:
    """Layers with GELUs between them."""
    first, *others = layers
    x = first(x)
    for layer in others:
        x = layer(_gelu(x))
    return x


class NumpyEngine:
    """The model's arithmetic for one observation or latent; a batch of several is torch's.

    Args:
        model: With a FiLM MLP head, in evaluation mode and on the CPU; must not change any more.
    """

    def __init__(self, model: VibFlow) -> None:
        assert isinstance(model.head, FilmMlpHead)
        self._batches = TorchEngine(model)
        config, head, normalizer = model.config, model.head, model.normalizer
        steps = config.n_euler_steps

        # The mean is not multiplied out: where it is many deviations, that would cost digits.
        self._observation_mean = normalizer.observation_mean.numpy()
        std = normalizer.observation_std.double().numpy()
        first, *others = _layers(model.encoder)
        first = first._replace(weight=first.weight / std[:, None])
        self._encoder = _between_gelus([first, *others], gelu_at_end=False)
        self._posterior = _between_gelus(_layers(model.bottleneck.encoder), gelu_at_end=False)

        *hidden, last = _layers(model.bottleneck.decoder)
        one_plus = np.repeat([1.0, 0.0], config.hidden_dim)  # the gain is 1 + scale
        films = [layer._replace(bias=layer.bias + one_plus) for layer in _layers(head.films)]
        film = _Layer(*(np.hstack(parts) for parts in zip(*films, strict=True)))
        *self._condition, self._film = _between_gelus(
            [*hidden, _Layer.of(head.condition).after(last), film], gelu_at_end=True
        )
        with torch.inference_mode():
            self._times = _ROOT * head.time(torch.arange(steps) / steps).numpy()
        self._shape = (steps, config.n_blocks, 2, config.hidden_dim)

        self._input = _Layer.of(head.input).scaled(1.0, 1.0)
        self._blocks = [layer.scaled(_ROOT, 1.0) for layer in _layers(head.blocks)]
        self._output = _Layer.of(head.output).scaled(1.0, 1.0 / steps)
        self._mean = np.full(config.hidden_dim, 1.0 / config.hidden_dim, np.float32)
        self._action_scale = normalizer.action_scale.numpy()
        self._action_center = normalizer.action_center.numpy()

    def encode(self, observations: np.ndarray) -> Encoding:
        """Embedding and posterior of raw observations. Shape ``(B, O)``."""
        if len(observations) != 1:
            return self._batches.encode(observations)
        with np.errstate(over="ignore", invalid="ignore"):  # as silent as torch
            features = _run(self._encoder, observations[0] - self._observation_mean)
            mean, log_variance = _run(self._posterior, features).reshape(2, 1, -1)
            clamped = np.minimum(np.maximum(log_variance, MIN_LOG_VARIANCE), MAX_LOG_VARIANCE)
            return Encoding(features[None], mean, np.exp(0.5 * clamped))

    def decode(self, latents: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Chunks from latents ``(B, D)`` and noise ``(B, H, A)``. Shape ``(B, H, A)``."""
        if len(latents) != 1:
            return self._batches.decode(latents, noise)
        with np.errstate(over="ignore", invalid="ignore"):
            embeddings = _gelu(_run(self._condition, latents[0]) + self._times)
            x = noise.reshape(-1)
            for films in self._film(embeddings).reshape(self._shape):
                hidden = self._input(x)
                for block, (gain, shift) in zip(self._blocks, films, strict=True):
                    y = self._normalised(hidden)
                    y *= gain
                    y += shift
                    hidden += block(_gelu(y))
                x = x + self._output(hidden)
            return x.reshape(noise.shape) * self._action_scale + self._action_center

    def _normalised(self, x: np.ndarray) -> np.ndarray:
        """Layer norm, by dot products because those have the least to call."""
        y = x - x.dot(self._mean)
        y *= 1.0 / math.sqrt(y.dot(y) / y.size + _EPSILON)
        return y
