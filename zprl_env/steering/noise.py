"""Noise steering: shifts of the flow's initial noise (DSRL, arXiv 2506.15799), a baseline."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from policies.encoding import noise_shape
from zprl_env.errors import ConfigurationError
from zprl_env.steerable import SteerablePolicy
from zprl_env.steering.base import Steering, check_size
from zprl_env.steering.decision import Perturbed
from zprl_env.steering.demonstrated import row_norms


class NoiseSteering(Steering):
    """Noise steering: the agent's action shifts the initial noise, x = noise + bound * action.

    With ``noise="zero"``, the default here, the agent chooses the noise alone, as in DSRL.

    Attributes:
        scale: Bound of the chosen noise, in standard deviations of the flow's N(0, I).
        noise_steps: Steps of the chunk whose noise the agent chooses; that of the last of them is
            repeated over the rest of the chunk, as DSRL does with a policy whose chunks are longer
            than what is executed.
    """

    place: ClassVar[str] = "flow's noise"
    defaults: ClassVar[dict[str, Any]] = {
        "scale": 1.5,
        "sample_latent": False,
        "noise": "zero",
    }

    def __init__(
        self,
        policy: SteerablePolicy,
        *,
        scale: float | None = None,
        noise_steps: int | None = None,
        **options: Any,
    ) -> None:
        """Open a policy at its noise; ``options`` as in :class:`Steering`.

        Args:
            policy: The frozen policy.
            scale: Bound of the chosen noise; ``None`` is 1.5.
            noise_steps: Steps of the chunk whose noise the agent chooses; ``None`` is all of them.
            **options: Those of every way of steering.

        Raises:
            ConfigurationError: ``noise_steps`` is not a number of steps of the chunk.
        """
        rows, self._width = noise_shape(policy)
        steps = rows if noise_steps is None else noise_steps
        if type(steps) is not int or not 1 <= steps <= rows:
            raise ConfigurationError(
                f"noise_steps must be a whole number from 1 to the policy's horizon "
                f"{rows}. Got: {noise_steps!r}. Try the number of executed actions."
            )
        self.noise_steps = steps
        self._rows = [min(row, steps - 1) for row in range(rows)]
        super().__init__(policy, **options)
        self.scale = check_size("scale", self.defaults["scale"] if scale is None else scale)

    @property
    def agent_dim(self) -> int:
        """Size of the agent's action: one number of noise per number of the steps it chooses."""
        return self.noise_steps * self._width

    def strength(self, actions: np.ndarray) -> np.ndarray:
        """Compute the RMS of the shift, in standard deviations of the flow's training noise."""
        return self.scale * row_norms(actions) / self.agent_dim**0.5

    def perturb(self, actions: Any, latents: Any, noise: Any) -> Perturbed:
        """Shift the noise that the flow starts from."""
        shift = actions.reshape((-1, self.noise_steps, self._width))[:, self._rows]
        return Perturbed(latents, noise + self.scale * shift)
