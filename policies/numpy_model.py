"""A flow policy's decision without torch, which takes longer to call a small layer than to run it.

The sums are :func:`numpy.einsum`'s rather than BLAS's: BLAS would start threads for them, and on a
machine that is busy with simulators a decision would wait for those. Whatever does not depend on
the observation is multiplied out once: the normaliser, layers in a row, the embedding of the times.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import erf

from policies.encoding import Encoding
from policies.vib_flow_config import (
    MAX_FREQUENCY,
    MAX_LOG_VARIANCE,
    MIN_LOG_VARIANCE,
    VibFlowConfig,
)

_EPSILON = 1e-5
"""What torch's layer norm adds to the variance."""

_ROOT = math.sqrt(0.5)
"""gelu(x) is _ROOT (y + y erf(y)) with y = _ROOT x; both factors go into the layers around it."""


class _Layer(NamedTuple):
    """x to x @ weight + bias, of shapes ``(in, out)`` and ``(out,)``."""

    weight: np.ndarray
    bias: np.ndarray

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


def _layers(weights: Mapping[str, np.ndarray], network: str) -> list[_Layer]:
    """Linear layers whose names begin so, in the order they are called, in double precision."""
    ends = (".weight", ".bias")
    found = (name for name in weights if name.startswith(network) and name.endswith(ends[0]))
    names = sorted(
        (name.removesuffix(ends[0]) for name in found),
        key=lambda name: [int(part) for part in name.split(".") if part.isdigit()],
    )
    arrays = ([weights[name + end].astype(np.float64) for end in ends] for name in names)
    return [_Layer(weight.T, bias) for weight, bias in arrays]


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


def _embedded_times(layers: Sequence[_Layer], config: VibFlowConfig) -> np.ndarray:
    """The flow times' embedding. Shape ``(n_euler_steps, embedding_dim)``, in double precision."""
    exponents = np.linspace(0.0, math.log(MAX_FREQUENCY), config.embedding_dim // 2)
    angles = np.arange(config.n_euler_steps)[:, None] / config.n_euler_steps * np.exp(exponents)
    sinusoids = np.concatenate([np.sin(angles), np.cos(angles)], axis=-1)
    first, second = layers
    hidden = first(sinusoids)
    return second(0.5 * hidden * (1.0 + erf(_ROOT * hidden)))


class NumpyModel:
    """The model's arithmetic for one observation or latent.

    Args:
        config: Its sizes; the head is the FiLM MLP.
        weights: Its tensors by their names in the checkpoint, float32; later changes of them do not
            reach this object.

    Raises:
        KeyError: If a tensor is missing.
        ValueError: If the tensors are of other sizes.
    """

    def __init__(self, config: VibFlowConfig, weights: Mapping[str, np.ndarray]) -> None:
        steps = config.n_euler_steps

        # The mean is not multiplied out: where it is many deviations, that would cost digits.
        self._observation_mean = np.array(weights["normalizer.observation_mean"])
        std = weights["normalizer.observation_std"].astype(np.float64)
        first, *others = _layers(weights, "encoder.")
        first = first._replace(weight=first.weight / std[:, None])
        self._encoder = _between_gelus([first, *others], gelu_at_end=False)
        posterior = _layers(weights, "bottleneck.encoder.")
        self._posterior = _between_gelus(posterior, gelu_at_end=False)

        *hidden, last = _layers(weights, "bottleneck.decoder.")
        one_plus = np.repeat([1.0, 0.0], config.hidden_dim)  # the gain is 1 + scale
        films = [
            layer._replace(bias=layer.bias + one_plus) for layer in _layers(weights, "head.films.")
        ]
        film = _Layer(*(np.hstack(parts) for parts in zip(*films, strict=True)))
        (condition,) = _layers(weights, "head.condition")
        *self._condition, self._film = _between_gelus(
            [*hidden, condition.after(last), film], gelu_at_end=True
        )
        times = _embedded_times(_layers(weights, "head.time."), config)
        self._times = (_ROOT * times).astype(np.float32)
        self._shape = (steps, config.n_blocks, 2, config.hidden_dim)

        (layer,) = _layers(weights, "head.input")
        self._input = layer.scaled(1.0, 1.0)
        self._blocks = [layer.scaled(_ROOT, 1.0) for layer in _layers(weights, "head.blocks.")]
        (layer,) = _layers(weights, "head.output")
        self._output = layer.scaled(1.0, 1.0 / steps)
        self._mean = np.full(config.hidden_dim, 1.0 / config.hidden_dim, np.float32)
        self._action_scale = np.array(weights["normalizer.action_scale"])
        self._action_center = np.array(weights["normalizer.action_center"])

    def encode(self, observation: np.ndarray) -> Encoding:
        """Embedding and posterior of a raw observation. Shape ``(O,)`` to a batch of one."""
        with np.errstate(over="ignore", invalid="ignore"):  # as silent as torch
            features = _run(self._encoder, observation - self._observation_mean)
            mean, log_variance = _run(self._posterior, features).reshape(2, 1, -1)
            clamped = np.minimum(np.maximum(log_variance, MIN_LOG_VARIANCE), MAX_LOG_VARIANCE)
            return Encoding(features[None], mean, np.exp(0.5 * clamped))

    def decode(self, latent: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Chunk from a latent ``(D,)`` and noise ``(H, A)``. Shape ``(H, A)``."""
        with np.errstate(over="ignore", invalid="ignore"):
            embeddings = _gelu(_run(self._condition, latent) + self._times)
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
