"""One decision at a time without torch, several at once with it."""

from __future__ import annotations

import numpy as np

from policies.encoding import Encoding
from policies.engines.torch import TorchEngine
from policies.numpy_model import NumpyModel
from policies.vib_flow import VibFlow


class NumpyEngine:
    """The model's arithmetic for one observation or latent; a batch of several is torch's.

    Args:
        model: With a FiLM MLP head, in evaluation mode and on the CPU; must not change any more.
    """

    def __init__(self, model: VibFlow) -> None:
        self._single = NumpyModel(model.config, model.arrays())
        self._batches = TorchEngine(model)

    def encode(self, observations: np.ndarray) -> Encoding:
        """Embedding and posterior of raw observations. Shape ``(B, O)``."""
        if len(observations) != 1:
            return self._batches.encode(observations)
        return self._single.encode(observations[0])

    def decode(self, latents: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Chunks from latents ``(B, D)`` and noise ``(B, H, A)``. Shape ``(B, H, A)``."""
        if len(latents) != 1:
            return self._batches.decode(latents, noise)
        return self._single.decode(latents[0], noise[0])[None]
