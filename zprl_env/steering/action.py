"""Action steering: a residual on the actions (Policy Decorator, arXiv 2412.13630), a baseline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from policies.encoding import Observations
from zprl_env.envs.spaces import unbounded_box
from zprl_env.errors import ConfigurationError
from zprl_env.steerable import SteerablePolicy
from zprl_env.steering.base import Steering, check_size
from zprl_env.steering.decision import Decision, Perturbed
from zprl_env.steering.demonstrated import row_norms


class ActionSteering(Steering):
    """Action steering: the agent's action is a residual on the executed part of the chunk.

    Attributes:
        scale: Size of the largest residual, in the environment's action units.
        base_action: Whether the agent sees the executed part of the base policy's chunk, as the
            last numbers of its observation. The flow's noise of a decision is then drawn when the
            observation arrives, and not when the agent has answered.
    """

    place: ClassVar[str] = "actions"
    defaults: ClassVar[dict[str, Any]] = {"scale": 0.2}

    def __init__(
        self,
        policy: SteerablePolicy,
        *,
        scale: float | None = None,
        base_action: bool = False,
        **options: Any,
    ) -> None:
        """Open a policy at its output.

        Args:
            policy: The frozen policy.
            scale: Size of the largest residual; ``None`` is 0.2.
            base_action: Show the agent the base policy's actions.
            **options: As in :class:`Steering`.

        Raises:
            ConfigurationError: ``base_action`` is neither true nor false.
        """
        if not isinstance(base_action, bool):
            raise ConfigurationError(f"base_action must be true or false. Got: {base_action!r}.")
        super().__init__(policy, **options)
        self.scale = check_size("scale", self.defaults["scale"] if scale is None else scale)
        self.base_action = base_action
        if base_action:
            seen = self.observation_space.shape[0] + self.agent_dim
            self.observation_space = unbounded_box(seen)

    @property
    def agent_dim(self) -> int:
        """Size of the agent's action: that of the executed part of the chunk."""
        return self.n_decided * self.policy.action_dim

    def strength(self, actions: np.ndarray) -> np.ndarray:
        """Compute the RMS of the residual, in the environment's action units."""
        return self.scale * row_norms(actions) / self.agent_dim**0.5

    def observe(
        self,
        observations: Observations,
        generators: Sequence[np.random.Generator],
        indices: Sequence[int] | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Encode observations; with the base policy's actions, these follow the latents, twice.

        They are the end of what the agent sees, and of what :meth:`act` is to be given as latents.
        """
        seen, latents = super().observe(observations, generators, indices)
        if not self.base_action:
            return seen, latents
        nothing = np.zeros((len(seen), self.agent_dim), np.float32)
        base = super().act(nothing, latents, generators).chunks.reshape(nothing.shape)
        return np.concatenate([seen, base], axis=1), np.concatenate([latents, base], axis=1)

    def act(
        self,
        actions: np.ndarray,
        latents: np.ndarray,
        generators: Sequence[np.random.Generator],
    ) -> Decision:
        """Decide as :meth:`Steering.act` does; base actions that are known are not decoded anew."""
        if not self.base_action:
            return super().act(actions, latents, generators)
        actions = self._valid(actions)
        size = self.policy.latent_dim
        base = latents[:, size:].reshape((-1, self.n_decided, self.policy.action_dim))
        residual = self.perturb(actions, latents, None).residual
        return Decision(base + residual, actions, latents[:, :size])

    def residuals(
        self,
        chunks: np.ndarray,
        latents: np.ndarray,
        generators: Sequence[np.random.Generator],
    ) -> tuple[np.ndarray, np.ndarray]:
        """Find the actions whose residuals come nearest to given chunks.

        Args:
            chunks: Executed actions. Shape ``(B, n_decided, A)``.
            latents: As :meth:`observe` returned them.
            generators: Of the base policy's noise, where it has not been drawn yet.

        Returns:
            The actions, within [-1, 1], and what they leave over, of the shape of ``chunks``.
        """
        base = self.act(np.zeros((len(chunks), self.agent_dim)), latents, generators).chunks
        wanted = chunks - base
        reached = np.divide(wanted, self.scale, out=np.zeros_like(wanted), where=self.scale > 0.0)
        actions = np.clip(reached, -1.0, 1.0).astype(np.float32)
        return actions.reshape(len(chunks), -1), wanted - self.scale * actions

    def perturb(self, actions: Any, latents: Any, noise: Any) -> Perturbed:
        """Add a residual to the executed actions."""
        residual = self.scale * actions.reshape((-1, self.n_decided, self.policy.action_dim))
        return Perturbed(latents, noise, residual)
