"""Interface of a frozen policy: the one contract between it and this toolkit."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np

from policies.encoding import Encoding

__all__ = ["Encoding", "SteerablePolicy"]


@runtime_checkable
class SteerablePolicy(Protocol):
    """A frozen, chunk-predicting policy with a latent between its encoder and action generator.

    Any object with these members is one; nothing has to be inherited. Everything is batch first,
    numpy in and numpy out, and no member may change the policy: the same arguments give the same
    result for as long as the object lives.

    Attributes:
        feature_dim: Size F of the observation embedding.
        latent_dim: Size D of the latent.
        action_dim: Size A of one environment action.
        horizon: Number H of actions in a predicted chunk.
        n_action_steps: Number of actions of a chunk that are executed before the next decision.
    """

    feature_dim: int
    latent_dim: int
    action_dim: int
    horizon: int
    n_action_steps: int

    def encode(self, observations: np.ndarray) -> Encoding:
        """Embed observations.

        Args:
            observations: Flat observations. Shape ``(B, O)``, float32.

        Returns:
            Features of shape ``(B, F)`` and the latent's mean and standard deviation, ``(B, D)``.
        """
        ...

    def decode(self, latents: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Generate action chunks.

        Args:
            latents: Where in the latent to act from. Shape ``(B, D)``.
            noise: Start of the generator's flow, N(0, I) in imitation. Shape ``(B, H, A)``.

        Returns:
            Action chunks in the environment's units. Shape ``(B, H, A)``.
        """
        ...
