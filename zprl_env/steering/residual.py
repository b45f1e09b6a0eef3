"""Steering by adding to the actions (Policy Decorator, arXiv 2412.13630): a baseline."""

from __future__ import annotations

import numpy as np

from zprl_env.steerable import SteerablePolicy
from zprl_env.steering.base import ObservationKind, Steering, check_size


class ActionSteering(Steering):
    """The agent's action is a residual on the executed part of the chunk.

    Attributes:
        scale: Size of the largest residual, in the environment's action units.
    """

    def __init__(
        self,
        policy: SteerablePolicy,
        *,
        scale: float = 0.2,
        n_action_steps: int | None = None,
        sample_latent: bool = True,
        noise_scale: float = 1.0,
        observation: ObservationKind = "features",
        observation_dim: int,
    ) -> None:
        """Open a policy at its output; see :class:`Steering`."""
        self.n_action_steps = policy.n_action_steps if n_action_steps is None else n_action_steps
        super().__init__(
            policy,
            self.n_action_steps * policy.action_dim,
            sample_latent=sample_latent,
            noise_scale=noise_scale,
            observation=observation,
            observation_dim=observation_dim,
        )
        self.scale = check_size("scale", scale)

    def decode(self, actions: np.ndarray, latents: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Decode the base chunk and add the residual to its first ``n_action_steps`` actions."""
        chunks = np.array(self.policy.decode(latents, noise))
        residual = actions.reshape(len(actions), self.n_action_steps, self.policy.action_dim)
        chunks[:, : self.n_action_steps] += self.scale * residual
        return chunks
