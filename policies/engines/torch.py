"""Inference engine that calls the torch model as it is."""

from __future__ import annotations

import numpy as np
import torch

from policies.encoding import Encoding, Observations
from policies.model.vib_flow import VibFlow


class TorchEngine:
    """Inference engine for any model at any batch size; the reference for the others.

    Args:
        model: In evaluation mode, on the CPU.
    """

    def __init__(self, model: VibFlow) -> None:
        self._model = model

    @torch.inference_mode()
    def encode(self, observations: Observations) -> Encoding:
        """Embedding and posterior of raw observations."""
        if isinstance(observations, np.ndarray):
            features, posterior = self._model.encode(torch.from_numpy(observations))
        else:
            shown = {name: torch.from_numpy(values) for name, values in observations.items()}
            features, posterior = self._model.encode(shown)
        return Encoding(features.numpy(), posterior.mean.numpy(), posterior.std.numpy())

    @torch.inference_mode()
    def decode(self, latents: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Chunks from latents ``(B, D)`` and noise ``(B, H, A)``. Shape ``(B, H, A)``."""
        chunks = self._model.decode(torch.from_numpy(latents), torch.from_numpy(noise))
        actions: np.ndarray = chunks.numpy()
        return actions
