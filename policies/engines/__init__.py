"""Inference engines of a frozen policy (numba, torch, ONNX): equal results, unequal times.

``python -m benchmarks.inference`` measures them all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import numpy as np

from policies.encoding import Encoding, Observations
from policies.errors import ConfigurationError

if TYPE_CHECKING:  # importing any engine imports this file, and the compiled one needs no torch
    from policies.model.vib_flow import VibFlow

DEFAULT = "numba"


class Engine(Protocol):
    """Inference engine; arrays are batch first, float32, contiguous, finite and of one batch."""

    def encode(self, observations: Observations) -> Encoding:
        """Embedding and posterior of raw observations."""
        ...

    def decode(self, latents: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Chunks from latents ``(B, D)`` and noise ``(B, H, A)``. Shape ``(B, H, A)``."""
        ...


def _numba(model: VibFlow) -> Engine:
    """Make the compiled engine, or torch's for heads and encoders that it does not know."""
    eyes = model.config.pictures
    if model.config.head != "mlp" or (eyes is not None and eyes.encoder != "small"):
        return _torch(model)
    from policies.engines.compiled import CompiledModel  # takes a while to import

    return CompiledModel(model.config, model.arrays())


def _torch(model: VibFlow) -> Engine:
    from policies.engines.torch import TorchEngine

    return TorchEngine(model)


def _onnx(model: VibFlow) -> Engine:
    from policies.engines.onnx import OnnxEngine

    return OnnxEngine(model)


ENGINES: dict[str, Callable[[VibFlow], Engine]] = {
    "numba": _numba,
    "torch": _torch,
    "onnx": _onnx,
}


def make_engine(name: str, model: VibFlow) -> Engine:
    """Compile a model; it must not change afterwards.

    Args:
        name: ``"numba"``, compiled for this machine, the quickest at single decisions;
            ``"torch"``, the model itself; ``"onnx"``, ONNX Runtime, quick at large batches and slow
            to start.
        model: In evaluation mode, without gradients, on the CPU.

    Raises:
        ConfigurationError: If there is no such engine.
        MissingExtraError: If ONNX Runtime is not installed.

    Example:
        >>> make_engine("gpu", None)
        Traceback (most recent call last):
        policies.errors.ConfigurationError: engine must be one of ... Got: 'gpu'.
    """
    if name not in ENGINES:
        raise ConfigurationError(f"engine must be one of {', '.join(ENGINES)}. Got: {name!r}.")
    return ENGINES[name](model)
