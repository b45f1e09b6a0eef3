"""Inference engine of a flow policy, compiled for this machine and without torch.

A library takes longer to call a small layer than to run it, and would start threads for it. All
layers lie one behind the other in one vector, so that a decision reads memory in the order in which
it lies there, and a call hands over few arrays. All functions are in this file because numba
compiles one anew when its own file has changed, but not when that of another it calls has.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from policies.compiling import compiled
from policies.encoding import Encoding, Observations
from policies.engines.compiled_eyes import CompiledEyes
from policies.engines.folded_weights import FoldedLayer, FoldedWeights
from policies.model.config import MAX_LOG_VARIANCE, MIN_LOG_VARIANCE, VibFlowConfig
from policies.pictures.settings import STATE

LINE = 16
"""Numbers in a line of the cache; every matrix begins with one."""

_compiled = partial(compiled, rounded=True)


class CompiledModel:
    """The model's arithmetic. A row alone and in a batch gives the same to the bit.

    The first one on a machine takes some seconds to compile; what comes of it is kept on disk.

    Args:
        config: Its sizes; the head is the FiLM MLP, and cameras' encoder, if any, the small one.
        weights: Its tensors by their names in the checkpoint, float32; later changes of them do not
            reach this object.

    Raises:
        KeyError: If a tensor is missing.
        ValueError: If the tensors are of other sizes.
    """

    def __init__(self, config: VibFlowConfig, weights: Mapping[str, np.ndarray]) -> None:
        folded = FoldedWeights.of(config, weights)
        self._mean = folded.observation_mean
        self._times = folded.times
        self._scale = np.tile(folded.action_scale, config.horizon)
        self._center = np.tile(folded.action_center, config.horizon)
        self._encoder = _packed([*folded.encoder, *folded.posterior])
        self._n_encoder = len(folded.encoder)
        self._decoder = _packed(
            [*folded.condition, *folded.films, folded.input, *folded.blocks, folded.output]
        )
        self._n_condition = len(folded.condition)

        self._eyes: CompiledEyes | None = None
        if config.pictures is not None:
            self._eyes = CompiledEyes(config.pictures, weights)
            self._std = np.array(weights["normalizer.observation_std"])
            self._posterior = _packed(folded.posterior)

        # Compiles now rather than at the first decision, which a robot may be waiting for.
        state = np.zeros((1, config.observation_dim), np.float32)
        shown: dict[str, np.ndarray] = {STATE: state}
        if config.pictures is not None:
            frame = np.zeros((1, *config.pictures.image_size, 3), np.uint8)
            shown |= dict.fromkeys(config.pictures.cameras, frame)
        latents = self.encode(state if config.pictures is None else shown).mean
        self.decode(latents, np.zeros((1, config.horizon, config.action_dim), np.float32))

    def encode(self, observations: Observations) -> Encoding:
        """Embedding and posterior of raw observations.

        Args:
            observations: Shape ``(B, O)``, float32, contiguous; or a batch of a policy that sees.
        """
        if isinstance(observations, np.ndarray):
            return Encoding(*_encode(*self._encoder, self._n_encoder, self._mean, observations))
        assert self._eyes is not None
        seen = self._eyes(observations)
        state = observations.get(STATE, np.empty((len(seen), 0), np.float32)) - self._mean
        if self._n_encoder:
            numbers, table = self._encoder
            seen = _run(numbers, table[: self._n_encoder], np.concatenate([seen, state], axis=1))
        features = np.concatenate([seen, state / self._std], axis=1)
        nothing = np.zeros(features.shape[1], np.float32)
        return Encoding(*_encode(*self._posterior, 0, nothing, features))

    def decode(self, latents: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Chunks from latents ``(B, D)`` and noise ``(B, H, A)``, float32. Shape ``(B, H, A)``."""
        chunks: np.ndarray = _decode(
            *self._decoder,
            self._n_condition,
            self._times,
            self._scale,
            self._center,
            latents,
            noise.reshape(len(noise), -1),
        )
        return chunks.reshape(noise.shape)


def _packed(layers: Sequence[FoldedLayer]) -> tuple[np.ndarray, np.ndarray]:
    """Lay weights and biases behind each other.

    Returns:
        The numbers, float32, and for every layer where its weight begins, where its bias begins,
        and its numbers of inputs and outputs.
    """
    parts, table, end = [], [], 0
    for layer in layers:
        begins = []
        for array in layer:
            begins.append(end)
            parts.append(np.pad(array.ravel(), (0, -array.size % LINE)))
            end += parts[-1].size
        table.append((*begins, *layer.weight.shape))
    memory = np.empty(end + LINE, np.float32)
    first = -(memory.ctypes.data // memory.itemsize) % LINE
    numbers = memory[first : first + end]
    numbers[:] = np.concatenate(parts)
    return numbers, np.array(table)


@_compiled
def _encode(
    numbers: np.ndarray,
    table: np.ndarray,
    n_encoder: int,
    mean: np.ndarray,
    observations: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    features = _run(numbers, table[:n_encoder], observations - mean)
    posterior = _run(numbers, table[n_encoder:], features)
    latent_dim = posterior.shape[1] // 2
    means = posterior[:, :latent_dim].copy()
    deviations = np.empty_like(means)
    for row in range(len(means)):
        for i in range(latent_dim):
            log_variance = posterior[row, latent_dim + i]
            clamped = min(max(log_variance, MIN_LOG_VARIANCE), MAX_LOG_VARIANCE)
            deviations[row, i] = math.exp(0.5 * clamped)
    return features, means, deviations


@_compiled
def _decode(
    numbers: np.ndarray,
    table: np.ndarray,
    n_condition: int,
    times: np.ndarray,
    scale: np.ndarray,
    center: np.ndarray,
    latents: np.ndarray,
    noise: np.ndarray,
) -> np.ndarray:
    rows, steps = len(latents), len(times)
    n_blocks = (len(table) - n_condition - 2) // 2
    to_films = table[n_condition : n_condition + n_blocks]
    to_stream = table[n_condition + n_blocks]
    blocks = table[n_condition + n_blocks + 1 : -1]

    conditions = _run(numbers, table[:n_condition], latents)
    embeddings = np.empty((steps * rows, times.shape[1]), np.float32)
    for step in range(steps):
        embeddings[step * rows : (step + 1) * rows] = conditions + times[step]
    _gelu(embeddings)
    films = np.empty((n_blocks, steps * rows, to_films[0, 3]), np.float32)
    for block in range(n_blocks):
        _call(numbers, to_films[block], embeddings, films[block])

    x = noise.copy()
    stream = np.empty((rows, to_stream[3]), np.float32)
    y = np.empty_like(stream)
    for step in range(steps):
        _call(numbers, to_stream, x, stream)
        for block in range(n_blocks):
            _normalise(stream, films[block, step * rows :], y)
            _gelu(y)
            _add(numbers, blocks[block], y, stream)
        _add(numbers, table[-1], stream, x)
    return x * scale + center


@_compiled
def _run(numbers: np.ndarray, table: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Run layers with GELUs between them."""
    for k in range(len(table)):
        if k > 0:
            _gelu(x)
        y = np.empty((len(x), table[k, 3]), np.float32)
        _call(numbers, table[k], x, y)
        x = y
    return x


@_compiled
def _call(numbers: np.ndarray, layer: np.ndarray, x: np.ndarray, y: np.ndarray) -> None:
    """Write a layer's output into y."""
    y[:] = 0.0
    _add(numbers, layer, x, y)


@_compiled
def _add(numbers: np.ndarray, layer: np.ndarray, x: np.ndarray, y: np.ndarray) -> None:
    """Add a layer's output to y, of shapes ``(B, in)`` and ``(B, out)``.

    Eight inputs at a time: so y is read and written seldom, and that much of the weight stays in
    the nearest cache for all rows.
    """
    weight_at, bias_at, inputs, outputs = layer
    bias = numbers[bias_at : bias_at + outputs]
    weight = numbers[weight_at : weight_at + inputs * outputs].reshape(inputs, outputs)
    y += bias
    whole = inputs - inputs % 8
    for i in range(0, whole, 8):
        for row in range(len(x)):
            a, b, c, d = x[row, i], x[row, i + 1], x[row, i + 2], x[row, i + 3]
            e, f, g, h = x[row, i + 4], x[row, i + 5], x[row, i + 6], x[row, i + 7]
            for o in range(outputs):
                first = a * weight[i, o] + b * weight[i + 1, o]
                second = c * weight[i + 2, o] + d * weight[i + 3, o]
                third = e * weight[i + 4, o] + f * weight[i + 5, o]
                fourth = g * weight[i + 6, o] + h * weight[i + 7, o]
                y[row, o] += (first + second) + (third + fourth)
    for i in range(whole, inputs):
        for row in range(len(x)):
            for o in range(outputs):
                y[row, o] += x[row, i] * weight[i, o]


@_compiled
def _normalise(x: np.ndarray, films: np.ndarray, y: np.ndarray) -> None:
    """Layer norm of every row of x, times gain plus shift, into y."""
    rows, size = x.shape
    for row in range(rows):
        mean = x[row].sum() / np.float32(size)
        variance = np.float32(0.0)
        for i in range(size):
            y[row, i] = x[row, i] - mean
            variance += y[row, i] * y[row, i]
        factor = np.float32(1.0) / np.sqrt(variance / np.float32(size) + np.float32(1e-5))
        for i in range(size):
            y[row, i] = y[row, i] * factor * films[row, i] + films[row, size + i]


@_compiled
def _gelu(y: np.ndarray) -> None:
    """Apply GELU but for the factors that are in the weights: y + y erf(y).

    erf is the rational function that Eigen takes for single precision, off by at most 5e-7; from
    3.8 on it is 1.
    """
    flat = y.reshape(-1)
    for i in range(flat.size):
        x = min(max(flat[i], np.float32(-3.8325069)), np.float32(3.8325069))
        s = x * x
        p = np.float32(-2.72614225801306e-10)
        p = p * s + np.float32(2.77068142495902e-08)
        p = p * s + np.float32(-2.10102402082508e-06)
        p = p * s + np.float32(-5.69250639462346e-05)
        p = p * s + np.float32(-7.34990630326855e-04)
        p = p * s + np.float32(-2.95459980854025e-03)
        p = p * s + np.float32(-1.60960333262415e-02)
        q = np.float32(-1.45660718464996e-05)
        q = q * s + np.float32(-2.13374055278905e-04)
        q = q * s + np.float32(-1.68282697438203e-03)
        q = q * s + np.float32(-7.37332916720468e-03)
        q = q * s + np.float32(-1.42647390514189e-02)
        erf = x * p / q
        erf = erf if abs(x) < np.float32(3.8) else np.float32(math.copysign(1.0, x))
        flat[i] += flat[i] * erf
