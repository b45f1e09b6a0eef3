"""A flow policy's weights for inference: everything multiplied out that no observation changes.

The normaliser's deviation, layers that follow each other, the embedding of the flow's times and
GELU's factors go into the layers around them, once, in double precision.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.special import erf

from policies.model.config import MAX_FREQUENCY, VibFlowConfig

_ROOT = math.sqrt(0.5)
"""gelu(x) is _ROOT (y + y erf(y)) with y = _ROOT x; both factors go into the layers around it."""


class FoldedLayer(NamedTuple):
    """Linear layer x to x @ weight + bias, of shapes ``(in, out)`` and ``(out,)``."""

    weight: np.ndarray
    bias: np.ndarray

    def after(self, first: FoldedLayer) -> FoldedLayer:
        """Fold two layers that have no nonlinearity between them into one."""
        return FoldedLayer(first.weight @ self.weight, first.bias @ self.weight + self.bias)

    def scaled(self, before: float, after: float) -> FoldedLayer:
        """Return the layer with its input and its output multiplied, in single precision."""
        weight = np.ascontiguousarray(self.weight * (before * after), np.float32)
        return FoldedLayer(weight, np.asarray(self.bias * after, np.float32))

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Apply it without BLAS and its threads. Shape ``(..., in)`` to ``(..., out)``."""
        y: np.ndarray = np.einsum("...i,io->...o", x, self.weight)
        y += self.bias
        return y


class FoldedWeights(NamedTuple):
    """Weights that an observation and a latent still have to go through, as float32 arrays.

    y + y erf(y) stands between two layers of a list, and behind the sum of `condition` and `times`;
    the factors that make a GELU of it are in the weights.

    Attributes:
        observation_mean: To be subtracted from an observation. Shape ``(O,)``.
        encoder: From there to the embedding. Of a policy that sees, from the cameras' embeddings
            and what is left of the observation to the embedding's first part; none if it is that.
        posterior: From the embedding to the latent's mean and log-variance.
        condition: From a latent to what the times are added to. The last has E outputs.
        times: Shape ``(n_euler_steps, E)``.
        films: From there to gains and shifts, outputs ``(2, hidden_dim)``, a layer for every block.
        input: From a flat chunk to the residual stream.
        blocks: The residual layers, each behind layer norm, gain and shift, and y + y erf(y).
        output: From the residual stream to what an Euler step adds to the chunk.
        action_scale: Units of a chunk. Shape ``(A,)``.
        action_center: What they are added to. Shape ``(A,)``.
    """

    observation_mean: np.ndarray
    encoder: list[FoldedLayer]
    posterior: list[FoldedLayer]
    condition: list[FoldedLayer]
    times: np.ndarray
    films: list[FoldedLayer]
    input: FoldedLayer
    blocks: list[FoldedLayer]
    output: FoldedLayer
    action_scale: np.ndarray
    action_center: np.ndarray

    @classmethod
    def of(cls, config: VibFlowConfig, weights: Mapping[str, np.ndarray]) -> FoldedWeights:
        """Fold a model's tensors.

        Args:
            config: Its sizes; the head is the FiLM MLP.
            weights: Its tensors by their names in the checkpoint, float32; later changes of them
                do not reach the result.

        Raises:
            KeyError: If a tensor is missing.
            ValueError: If the tensors are of other sizes.
        """
        # The mean is not multiplied out: where it is many deviations, that would cost digits.
        std = weights["normalizer.observation_std"].astype(np.float64)
        layers = _layers(weights, "encoder.net.")
        if layers:  # proprioception comes behind what the cameras see
            first, *others = layers
            divisor = np.concatenate([np.ones(len(first.weight) - len(std)), std])
            layers = [first._replace(weight=first.weight / divisor[:, None]), *others]

        *hidden, last = _layers(weights, "bottleneck.decoder.")
        one_plus = np.repeat([1.0, 0.0], config.hidden_dim)  # the gain is 1 + scale
        films = [
            layer._replace(bias=layer.bias + one_plus) for layer in _layers(weights, "head.films.")
        ]
        (condition,) = _layers(weights, "head.condition")
        conditions = _between_gelus([*hidden, condition.after(last)], gelu_at_end=True)
        times = _embedded_times(_layers(weights, "head.time."), config)
        (to_stream,) = _layers(weights, "head.input")
        (to_velocity,) = _layers(weights, "head.output")
        folded = cls(
            observation_mean=np.array(weights["normalizer.observation_mean"]),
            encoder=_between_gelus(layers, gelu_at_end=False),
            posterior=_between_gelus(_layers(weights, "bottleneck.encoder."), gelu_at_end=False),
            condition=conditions,
            times=(_ROOT * times).astype(np.float32),
            films=[layer.scaled(_ROOT, _ROOT) for layer in films],
            input=to_stream.scaled(1.0, 1.0),
            blocks=[layer.scaled(_ROOT, 1.0) for layer in _layers(weights, "head.blocks.")],
            output=to_velocity.scaled(1.0, 1.0 / config.n_euler_steps),
            action_scale=np.array(weights["normalizer.action_scale"]),
            action_center=np.array(weights["normalizer.action_center"]),
        )
        folded._check(config)
        return folded

    def _check(self, config: VibFlowConfig) -> None:
        """Check that compiled arithmetic will not read beyond an array's end."""
        chunk, stream = config.horizon * config.action_dim, config.hidden_dim
        joint, latent, blocks = config.embedding_dim, config.latent_dim, config.n_blocks
        features, narrow = config.feature_dim, [*config.bottleneck_hidden_dims]
        eyes, seen = (
            config.pictures,
            [config.observation_dim, *config.encoder_hidden_dims, features],
        )
        if eyes is not None:
            seen[0], seen[-1] = seen[0] + len(eyes.cameras) * eyes.embedding_dim, config.seen_dim
        networks: list[tuple[list[FoldedLayer], list[int]]] = [
            (self.encoder, seen if eyes is None or config.encoder_hidden_dims else []),
            (self.posterior, [features, *narrow, 2 * latent]),
            (self.condition, [latent, *narrow, joint]),
            *(([film], [joint, 2 * stream]) for film in self.films),
            ([self.input], [chunk, stream]),
            (self.blocks, [stream] * (blocks + 1)),
            ([self.output], [stream, chunk]),
        ]
        weights = [layer.weight.shape for layers, _ in networks for layer in layers]
        pairs = [pair for _, sizes in networks for pair in pairwise(sizes)]
        biases = [layer.bias.shape for layers, _ in networks for layer in layers]
        ends = (self.observation_mean, self.times, self.action_scale, self.action_center)
        found = [*weights, *biases, *(array.shape for array in ends)]
        actions = (config.action_dim,)
        due: list[tuple[int, ...]] = [*pairs, *((outputs,) for _, outputs in pairs)]
        due += [(config.observation_dim,), (config.n_euler_steps, joint), actions, actions]
        if len(self.films) != blocks or found != due:
            raise ValueError(f"The layers must have the shapes {due}. Got: {found}.")


def _layers(weights: Mapping[str, np.ndarray], network: str) -> list[FoldedLayer]:
    """Return a network's linear layers in the order of their calls, in double precision."""
    ends = (".weight", ".bias")
    found = (name for name in weights if name.startswith(network) and name.endswith(ends[0]))
    names = sorted(
        (name.removesuffix(ends[0]) for name in found),
        key=lambda name: [int(part) for part in name.split(".") if part.isdigit()],
    )
    arrays = ([weights[name + end].astype(np.float64) for end in ends] for name in names)
    return [FoldedLayer(weight.T, bias) for weight, bias in arrays]


def _between_gelus(layers: Sequence[FoldedLayer], *, gelu_at_end: bool) -> list[FoldedLayer]:
    last = len(layers) - 1
    return [
        layer.scaled(_ROOT if i > 0 else 1.0, _ROOT if gelu_at_end or i < last else 1.0)
        for i, layer in enumerate(layers)
    ]


def _embedded_times(layers: Sequence[FoldedLayer], config: VibFlowConfig) -> np.ndarray:
    """Embed the flow times. Shape ``(n_euler_steps, embedding_dim)``, in double precision."""
    exponents = np.linspace(0.0, math.log(MAX_FREQUENCY), config.embedding_dim // 2)
    angles = np.arange(config.n_euler_steps)[:, None] / config.n_euler_steps * np.exp(exponents)
    sinusoids = np.concatenate([np.sin(angles), np.cos(angles)], axis=-1)
    first, second = layers
    hidden = first(sinusoids)
    return second(0.5 * hidden * (1.0 + erf(_ROOT * hidden)))
