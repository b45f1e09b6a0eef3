"""A trained policy that cannot learn any more: numpy in, numpy out."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from policies import checkpoint
from policies.encoding import Encoding
from policies.engines import DEFAULT, make_engine
from policies.errors import PolicyMismatchError
from policies.vib_flow import VibFlow


class FrozenPolicy:
    """Encoder, bottleneck and flow head with fixed weights, batch first.

    Everything random is an argument: the latent and the flow's noise are the caller's. Equal
    arguments give equal results to the bit; a row alone or in a batch, and one engine or another,
    to float32's accuracy.

    Args:
        model: Copied, put into evaluation mode and detached from learning.
        metadata: The checkpoint's description; needs ``latent`` with ``mean``, ``std``, ``rms``.
        engine: What computes, ``"numpy"``, ``"torch"`` or ``"onnx"``; see
            :func:`policies.engines.make_engine`.

    Raises:
        ConfigurationError: If there is no such engine.
        MissingExtraError: If the engine is not installed.

    Attributes:
        metadata: The checkpoint's description.
        latent_mean: Mean of mu over the demonstrations. Shape ``(D,)``.
        latent_std: Standard deviation of mu over the demonstrations. Shape ``(D,)``.
        latent_rms: Root mean square of mu over the demonstrations. Shape ``(D,)``.
        latent_posterior_std: Mean of sigma over the demonstrations, zero in checkpoints that do not
            say. Shape ``(D,)``.
    """

    def __init__(self, model: VibFlow, metadata: Mapping[str, Any], engine: str = DEFAULT) -> None:
        self._model = copy.deepcopy(model).cpu().eval().requires_grad_(False)
        self._engine = make_engine(engine, self._model)
        self.metadata: dict[str, Any] = {**metadata, **checkpoint.describe(self._model)}
        config = model.config
        self.observation_dim = config.observation_dim
        self.feature_dim = config.feature_dim
        self.latent_dim = config.latent_dim
        self.action_dim = config.action_dim
        self.horizon = config.horizon
        self.n_action_steps = config.n_action_steps
        self.latent_mean = np.asarray(metadata["latent"]["mean"], dtype=np.float32)
        self.latent_std = np.asarray(metadata["latent"]["std"], dtype=np.float32)
        self.latent_rms = np.asarray(metadata["latent"]["rms"], dtype=np.float32)
        inner = metadata["latent"].get("posterior_std", [0.0] * self.latent_dim)
        self.latent_posterior_std = np.asarray(inner, dtype=np.float32)

    @classmethod
    def load(cls, path: str | os.PathLike[str], engine: str = DEFAULT) -> FrozenPolicy:
        """Read a checkpoint folder.

        Raises:
            CheckpointError: If the folder holds no sound checkpoint.
            ConfigurationError: If there is no such engine.
            MissingExtraError: If the engine is not installed.
        """
        return cls(*checkpoint.load(path), engine)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the policy to a checkpoint folder.

        Raises:
            CheckpointError: If the path is a file.
        """
        checkpoint.save(self._model, path, self.metadata)

    @property
    def weights_hash(self) -> str:
        """SHA-256 of the weights as they are now in memory."""
        return checkpoint.weights_hash(self._model)

    def encode(self, observations: np.ndarray) -> Encoding:
        """Embed observations and tell the posterior over their latents.

        Args:
            observations: Raw observations. Shape ``(B, O)``.

        Raises:
            PolicyMismatchError: If the shape differs or a value is not finite.
        """
        x = self._array("observations", observations, (self.observation_dim,))
        return self._engine.encode(x)

    def decode(self, latents: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Turn latents and noise into action chunks in the environment's units, not clipped.

        Args:
            latents: Shape ``(B, D)``.
            noise: Starting points of the flow, N(0, I) for the base policy.
                Shape ``(B, horizon, A)``.

        Returns:
            Shape ``(B, horizon, A)``, float32.

        Raises:
            PolicyMismatchError: If a shape differs or a value is not finite.
        """
        z = self._array("latents", latents, (self.latent_dim,))
        x_0 = self._array("noise", noise, (self.horizon, self.action_dim))
        if len(z) != len(x_0):
            raise PolicyMismatchError(
                f"latents and noise must have one batch size. Got: {len(z)} and {len(x_0)}."
            )
        return self._engine.decode(z, x_0)

    def normalize(self, observations: np.ndarray) -> np.ndarray:
        """Observations as the encoder's network sees them. Shape ``(B, O)`` in and out.

        Raises:
            PolicyMismatchError: If the shape differs or a value is not finite.
        """
        x = torch.from_numpy(self._array("observations", observations, (self.observation_dim,)))
        with torch.inference_mode():
            normal: np.ndarray = self._model.normalizer.observations(x).numpy()
            return normal

    @staticmethod
    def _array(name: str, values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        array = np.array(values, dtype=np.float32, order="C")
        if array.shape[1:] != shape or array.ndim != len(shape) + 1:
            must = ", ".join(map(str, ("B", *shape)))
            raise PolicyMismatchError(
                f"{name} must have the shape ({must}) this policy was trained with. "
                f"Got: {array.shape}."
            )
        if not np.isfinite(array).all():
            row = int(np.argwhere(~np.isfinite(array))[0, 0])
            raise PolicyMismatchError(f"{name} must be finite. Got NaN or infinity in row {row}.")
        return array
