"""Steering by adding to the actions (Policy Decorator, arXiv 2412.13630): a baseline."""

from __future__ import annotations

from typing import Any

import numpy as np

from zprl_env.steerable import SteerablePolicy
from zprl_env.steering.base import Steering, check_size
from zprl_env.steering.demonstrated import row_norms


class ActionSteering(Steering):
    """The agent's action is a residual on the executed part of the chunk.

    Attributes:
        scale: Size of the largest residual, in the environment's action units.
    """

    def __init__(self, policy: SteerablePolicy, *, scale: float = 0.2, **options: Any) -> None:
        """Open a policy at its output; ``options`` as in :class:`Steering`."""
        super().__init__(policy, **options)
        self.scale = check_size("scale", scale)

    @property
    def agent_dim(self) -> int:
        """Size of the agent's action: that of the executed part of the chunk."""
        return self.n_action_steps * self.policy.action_dim

    def strength(self, actions: np.ndarray) -> np.ndarray:
        """RMS of the residual, in the environment's action units."""
        return self.scale * row_norms(actions) / self.agent_dim**0.5

    def decode(self, actions: np.ndarray, latents: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Decode the base chunk and add the residual to its first ``n_action_steps`` actions."""
        chunks = np.array(self.policy.decode(latents, noise))
        residual = actions.reshape(len(actions), self.n_action_steps, self.policy.action_dim)
        chunks[:, : self.n_action_steps] += self.scale * residual
        return chunks
