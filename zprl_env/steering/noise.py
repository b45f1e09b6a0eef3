"""Noise steering: shifts of the flow's initial noise (DSRL, arXiv 2506.15799), a baseline."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from zprl_env.steerable import SteerablePolicy
from zprl_env.steering.base import Steering, check_size
from zprl_env.steering.decision import Perturbed
from zprl_env.steering.demonstrated import row_norms


class NoiseSteering(Steering):
    """Noise steering: the agent's action shifts the initial noise, x = noise + bound * action.

    With ``noise="zero"``, the default here, the agent chooses the noise alone, as in DSRL.

    Attributes:
        scale: Bound of the chosen noise, in standard deviations of the flow's N(0, I).
    """

    place: ClassVar[str] = "flow's noise"
    defaults: ClassVar[dict[str, Any]] = {
        "scale": 1.5,
        "sample_latent": False,
        "noise": "zero",
    }

    def __init__(
        self, policy: SteerablePolicy, *, scale: float | None = None, **options: Any
    ) -> None:
        """Open a policy at its noise; ``options`` as in :class:`Steering`."""
        super().__init__(policy, **options)
        self.scale = check_size("scale", self.defaults["scale"] if scale is None else scale)

    @property
    def agent_dim(self) -> int:
        """Size of the agent's action: one number of noise per number of the chunk."""
        return self.policy.horizon * self.policy.action_dim

    def strength(self, actions: np.ndarray) -> np.ndarray:
        """Compute the RMS of the shift, in standard deviations of the flow's training noise."""
        return self.scale * row_norms(actions) / self.agent_dim**0.5

    def perturb(self, actions: Any, latents: Any, noise: Any) -> Perturbed:
        """Shift the noise that the flow starts from."""
        return Perturbed(latents, noise + self.scale * actions.reshape(noise.shape))
