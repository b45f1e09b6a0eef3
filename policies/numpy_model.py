"""A flow policy's decision without torch, which takes longer to call a small layer than to run it.

The sums are :func:`numpy.einsum`'s rather than BLAS's: BLAS would start threads for them, and on a
machine that is busy with simulators a decision would wait for those.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import erf

from policies.encoding import Encoding
from policies.folded_weights import FoldedWeights, Layer
from policies.vib_flow_config import MAX_LOG_VARIANCE, MIN_LOG_VARIANCE, VibFlowConfig

_EPSILON = 1e-5
"""What torch's layer norm adds to the variance."""


def _gelu(y: np.ndarray) -> np.ndarray:
    """GELU but for the factors that are in the weights."""
    x: np.ndarray = erf(y)
    x *= y
    x += y
    return x


def _run(layers: Sequence[Layer], x: np.ndarray) -> np.ndarray:
    """Layers with GELUs between them."""
    first, *others = layers
    x = first(x)
    for layer in others:
        x = layer(_gelu(x))
    return x


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
        folded = FoldedWeights.of(config, weights)
        self._weights = folded
        self._film = Layer(*(np.hstack(parts) for parts in zip(*folded.films, strict=True)))
        self._shape = (config.n_euler_steps, config.n_blocks, 2, config.hidden_dim)
        self._mean = np.full(config.hidden_dim, 1.0 / config.hidden_dim, np.float32)

    def encode(self, observation: np.ndarray) -> Encoding:
        """Embedding and posterior of a raw observation. Shape ``(O,)`` to a batch of one."""
        with np.errstate(over="ignore", invalid="ignore"):  # as silent as torch
            weights = self._weights
            features = _run(weights.encoder, observation - weights.observation_mean)
            mean, log_variance = _run(weights.posterior, features).reshape(2, 1, -1)
            clamped = np.minimum(np.maximum(log_variance, MIN_LOG_VARIANCE), MAX_LOG_VARIANCE)
            return Encoding(features[None], mean, np.exp(0.5 * clamped))

    def decode(self, latent: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Chunk from a latent ``(D,)`` and noise ``(H, A)``. Shape ``(H, A)``."""
        with np.errstate(over="ignore", invalid="ignore"):
            weights = self._weights
            embeddings = _gelu(_run(weights.condition, latent) + weights.times)
            x = noise.reshape(-1)
            for films in self._film(embeddings).reshape(self._shape):
                hidden = weights.input(x)
                for block, (gain, shift) in zip(weights.blocks, films, strict=True):
                    y = self._normalised(hidden)
                    y *= gain
                    y += shift
                    hidden += block(_gelu(y))
                x = x + weights.output(hidden)
            return x.reshape(noise.shape) * weights.action_scale + weights.action_center

    def _normalised(self, x: np.ndarray) -> np.ndarray:
        """Layer norm, by dot products because those have the least to call."""
        y = x - x.dot(self._mean)
        y *= 1.0 / math.sqrt(y.dot(y) / y.size + _EPSILON)
        return y
