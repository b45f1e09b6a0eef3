"""Steering latent and noise together: the agent owns every input of the action generator."""

from __future__ import annotations

import numpy as np

from zprl_env.steerable import SteerablePolicy
from zprl_env.steering.base import ObservationKind, Steering, check_size
from zprl_env.steering.latent import Scale, resolve_scale


class JointSteering(Steering):
    """The agent's action is (dz, dx): z~ = z + lambda dz, and dx shifts the flow's noise.

    dx is one vector of the size of an action, repeated along the horizon: it moves the whole
    chunk, and the agent's action stays small.

    Attributes:
        scale: lambda per latent dimension. Shape ``(D,)``.
        noise_bound: Largest shift of the noise, in standard deviations.
    """

    def __init__(
        self,
        policy: SteerablePolicy,
        *,
        scale: Scale,
        noise_bound: float = 1.5,
        sample_latent: bool = False,
        noise_scale: float = 0.0,
        observation: ObservationKind = "features",
        observation_dim: int,
    ) -> None:
        """Open a policy at its latent and its noise; see :class:`Steering`."""
        super().__init__(
            policy,
            policy.latent_dim + policy.action_dim,
            sample_latent=sample_latent,
            noise_scale=noise_scale,
            observation=observation,
            observation_dim=observation_dim,
        )
        self.scale = resolve_scale(policy, scale)
        self.noise_bound = check_size("noise_bound", noise_bound)

    def decode(self, actions: np.ndarray, latents: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Decode z + lambda dz from the shifted noise."""
        dz, dx = np.split(actions, [self.policy.latent_dim], axis=1)
        return self.policy.decode(
            latents + self.scale * dz, noise + self.noise_bound * dx[:, np.newaxis, :]
        )
