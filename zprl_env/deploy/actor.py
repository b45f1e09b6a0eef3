"""An agent's deterministic action, from its trained layers and numpy alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from policies.checkpoints.plain_json import shown
from zprl_env.errors import CheckpointError

LAYER_NORM = 1e-5
"""Constant that torch's layer normalisation adds to the variance."""


class Layer(NamedTuple):
    """One layer of an actor: its kind and its arrays.

    Attributes:
        kind: A key of ``KINDS``.
        arrays: What it is made of, by the names that its kind has.
    """

    kind: str
    arrays: Mapping[str, np.ndarray] = {}


class Kind(NamedTuple):
    """Kind of layer: the names of its arrays, and its function of a batch of shape ``(B, N)``."""

    names: tuple[str, ...]
    forward: Callable[..., np.ndarray]


def _linear(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    y: np.ndarray = np.einsum("bi,oi->bo", x, weight)  # BLAS would start threads
    return y + bias


def _layer_norm(x: np.ndarray, gain: np.ndarray, shift: np.ndarray) -> np.ndarray:
    centred = x - x.mean(axis=1, keepdims=True)
    variance = np.square(centred).mean(axis=1, keepdims=True)
    normal: np.ndarray = centred / np.sqrt(variance + LAYER_NORM)
    return normal * gain + shift


KINDS: dict[str, Kind] = {
    "linear": Kind(("weight", "bias"), _linear),
    "standardize": Kind(
        ("mean", "std", "gain", "shift"),
        lambda x, mean, std, gain, shift: (x - mean) / std * gain + shift,
    ),
    "layer_norm": Kind(("gain", "shift"), _layer_norm),
    "relu": Kind((), lambda x: np.maximum(x, 0.0)),
    "tanh": Kind((), np.tanh),
    "clip": Kind(("low", "high"), np.clip),
}
"""Kinds of layers that actors of Stable-Baselines3, sb3-contrib and SBX consist of."""


def _fits(kind: str, arrays: Mapping[str, np.ndarray]) -> bool:
    """Tell whether a layer's arrays are of the sizes and values that its function needs."""
    if kind == "linear":
        weight, bias = arrays["weight"], arrays["bias"]
        return weight.ndim == 2 and bias.shape == weight.shape[:1]
    sizes = {array.size for array in arrays.values() if array.size != 1}
    flat = all(array.ndim <= 1 for array in arrays.values())
    return flat and len(sizes) < 2 and bool(np.all(arrays.get("std", np.ones(1)) > 0))


class Actor:
    """Actor of a trained agent: its deterministic action, without exploration.

    It computes in double precision, so that it differs from the library that trained it by no more
    than that library's own single precision.

    Args:
        layers: In the order they are called.

    Raises:
        CheckpointError: If a layer is of no known kind or made of something else.

    Example:
        >>> double = Layer("linear", {"weight": np.array([[2.0]]), "bias": np.zeros(1)})
        >>> Actor([double, Layer("tanh")])(np.array([[0.0], [9.0]], np.float32)).round(3).tolist()
        [[0.0], [1.0]]
    """

    def __init__(self, layers: Iterable[Layer]) -> None:
        self.layers = tuple(layers)
        self._steps = []
        for number, (kind, arrays) in enumerate(self.layers):
            if kind not in KINDS or set(arrays) != set(KINDS[kind].names):
                raise CheckpointError(
                    f"layer {number} of an actor must be {' or '.join(KINDS)} with its arrays. "
                    f"Got: {shown(kind)} with {', '.join(sorted(arrays)) or 'none'}."
                )
            if not all(np.isfinite(array).all() for array in arrays.values()):
                raise CheckpointError(f"layer {number} of an actor must be finite. Got: NaN in it.")
            if not _fits(kind, arrays):
                shapes = {name: array.shape for name, array in arrays.items()}
                raise CheckpointError(
                    f"layer {number} of an actor, {kind}, must have arrays of one size, and divide "
                    f"by what is above 0. Got: {shapes}."
                )
            doubles = [np.asarray(arrays[name], np.float64) for name in KINDS[kind].names]
            self._steps.append((KINDS[kind].forward, doubles))

    def __call__(self, observations: np.ndarray) -> np.ndarray:
        """Compute the action. Shape ``(B, observation)`` to ``(B, action)``, float32."""
        x = np.asarray(observations, np.float64)
        for forward, arrays in self._steps:
            x = forward(x, *arrays)
        return x.astype(np.float32)

    @property
    def kinds(self) -> list[str]:
        """The kind of each layer."""
        return [layer.kind for layer in self.layers]

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return every layer's arrays, by the layer's number and their name."""
        return {
            f"{number}.{name}": np.ascontiguousarray(array)
            for number, layer in enumerate(self.layers)
            for name, array in layer.arrays.items()
        }

    @classmethod
    def from_arrays(cls, kinds: Sequence[str], arrays: Mapping[str, np.ndarray]) -> Actor:
        """Build an actor from its :attr:`kinds` and the arrays of :meth:`to_arrays`.

        Raises:
            CheckpointError: If they do not belong together.
        """
        parts: list[dict[str, np.ndarray]] = [{} for _ in kinds]
        for key, array in arrays.items():
            number, _, name = key.partition(".")
            if not number.isdecimal() or int(number) >= len(parts):
                raise CheckpointError(
                    f"an actor of {len(parts)} layers must have arrays of these. Got: {key!r}."
                )
            parts[int(number)][name] = array
        return cls(map(Layer, kinds, parts))
