"""Joint steering of latent and noise: the agent owns every input of the action generator."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from policies.encoding import noise_shape
from zprl_env.steerable import SteerablePolicy
from zprl_env.steering.base import Steering, check_size
from zprl_env.steering.decision import Perturbed
from zprl_env.steering.latent import RULES, Scale, latent_strength, resolve_scale


class JointSteering(Steering):
    """Joint steering: z~ = z + lambda dz, and dx shifts the flow's noise; the action is (dz, dx).

    dx is one vector of the size of an action, repeated along the horizon: it moves the whole
    chunk, and the agent's action stays small.

    Attributes:
        scale: lambda per latent dimension. Shape ``(D,)``.
        noise_bound: Largest shift of the noise, in standard deviations.
    """

    place: ClassVar[str] = "latent and its flow's noise"
    defaults: ClassVar[dict[str, Any]] = {"sample_latent": False, "noise": "zero"}
    constants: ClassVar[tuple[str, ...]] = ("scale", "noise_bound")
    scale_rules: ClassVar[tuple[str, ...]] = RULES

    def __init__(
        self,
        policy: SteerablePolicy,
        *,
        scale: Scale = "auto",
        noise_bound: float = 1.5,
        **options: Any,
    ) -> None:
        """Open a policy at its latent and its noise; ``options`` as in :class:`Steering`."""
        super().__init__(policy, **options)
        self.scale = resolve_scale(policy, scale)
        self.noise_bound = check_size("noise_bound", noise_bound)

    def _checked(self, name: str, value: Any) -> Any:
        return resolve_scale(self.policy, value) if name == "scale" else check_size(name, value)

    @property
    def agent_dim(self) -> int:
        """Size of the agent's action: the latent's and one environment action's."""
        return self.policy.latent_dim + noise_shape(self.policy)[1]

    def strength(self, actions: np.ndarray) -> np.ndarray:
        """Compute RMS(lambda dz) / RMS(z): the latent's part alone."""
        dz = actions[:, : self.policy.latent_dim]
        return latent_strength(self.scale, dz, self.demonstrated)

    def perturb(self, actions: Any, latents: Any, noise: Any) -> Perturbed:
        """Move the latent, z~ = z + lambda dz, and shift the noise by dx."""
        size = self.policy.latent_dim
        dz, dx = actions[:, :size], actions[:, None, size:]
        return Perturbed(latents + self.scale * dz, noise + self.noise_bound * dx)
