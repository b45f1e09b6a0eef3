"""Action steering: a residual on the actions (Policy Decorator, arXiv 2412.13630), a baseline."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from zprl_env.steerable import SteerablePolicy
from zprl_env.steering.base import Steering, check_size
from zprl_env.steering.decision import Perturbed
from zprl_env.steering.demonstrated import row_norms


class ActionSteering(Steering):
    """Action steering: the agent's action is a residual on the executed part of the chunk.

    Attributes:
        scale: Size of the largest residual, in the environment's action units.
    """

    place: ClassVar[str] = "actions"
    defaults: ClassVar[dict[str, Any]] = {"scale": 0.2}

    def __init__(
        self, policy: SteerablePolicy, *, scale: float | None = None, **options: Any
    ) -> None:
        """Open a policy at its output; ``options`` as in :class:`Steering`."""
        super().__init__(policy, **options)
        self.scale = check_size("scale", self.defaults["scale"] if scale is None else scale)

    @property
    def agent_dim(self) -> int:
        """Size of the agent's action: that of the executed part of the chunk."""
        return self.n_action_steps * self.policy.action_dim

    def strength(self, actions: np.ndarray) -> np.ndarray:
        """Compute the RMS of the residual, in the environment's action units."""
        return self.scale * row_norms(actions) / self.agent_dim**0.5

    def perturb(self, actions: Any, latents: Any, noise: Any) -> Perturbed:
        """Add a residual to the executed actions."""
        residual = self.scale * actions.reshape((-1, self.n_action_steps, self.policy.action_dim))
        return Perturbed(latents, noise, residual)
