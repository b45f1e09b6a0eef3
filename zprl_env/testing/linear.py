"""Linear policy: a small public fake for testing code that steers policies."""

from __future__ import annotations

import numpy as np

from zprl_env.steerable import Encoding


class LinearPolicy:
    """A steerable policy in closed form: chunk = W z, with z a slice of the observation.

    The mean latent is the observation's first ``latent_dim`` entries, its standard deviation is
    0.1, the features are the observation itself, and each action of the chunk is ``z @ weights``
    plus the noise times 0.1.

    Example:
        >>> policy = LinearPolicy(observation_dim=3, action_dim=1)
        >>> features, mean, std = policy.encode(np.array([[1.0, 2.0, 3.0]], np.float32))
        >>> mean.tolist()
        [[1.0, 2.0]]
        >>> policy.decode(mean, np.zeros((1, 4, 1), np.float32)).shape
        (1, 4, 1)
    """

    def __init__(
        self,
        observation_dim: int,
        action_dim: int,
        *,
        latent_dim: int = 2,
        horizon: int = 4,
        n_action_steps: int = 2,
    ) -> None:
        """Fix the sizes; the weights follow from them."""
        self.observation_dim = observation_dim
        self.feature_dim = observation_dim
        self.latent_dim = latent_dim
        self.action_dim = action_dim
        self.horizon = horizon
        self.n_action_steps = n_action_steps
        self.latent_rms = np.ones(latent_dim, np.float32)
        size = latent_dim * action_dim
        self._weights = np.linspace(-0.5, 0.5, size, dtype=np.float32).reshape(latent_dim, -1)

    def normalize(self, observations: np.ndarray) -> np.ndarray:
        """Return the observations as they are. Shape ``(B, O)``."""
        return np.asarray(observations, np.float32)

    def encode(self, observations: np.ndarray) -> Encoding:
        """Read the latent off the observation. Shape ``(B, O)``."""
        features = np.asarray(observations, np.float32)
        mean = features[:, : self.latent_dim]
        return Encoding(features, mean, np.full_like(mean, 0.1))

    def decode(self, latents: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Map latents ``(B, D)`` and noise ``(B, H, A)`` to chunks ``(B, H, A)``."""
        return (latents @ self._weights)[:, np.newaxis, :] + np.float32(0.1) * noise
