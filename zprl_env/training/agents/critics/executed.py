"""Critic on executed chunks, distilled into one on the agent's actions (DSRL-NA)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from stable_baselines3.common.policies import ContinuousCritic
from stable_baselines3.common.preprocessing import get_action_dim
from torch import Tensor, nn
from torch.nn import functional

from policies.encoding import noise_shape, takes_context
from zprl_env.errors import ZprlError
from zprl_env.steering.base import Steering

DISTIL_EVERY = 3
"""Updates of the critics for one of the distilled ones: their authors' 30 and 10 on Lift."""
SPREAD = 2.0 / 3.0
"""Standard deviation of the actions that are distilled on: N(0, I) for an agent bound to 1.5."""


class ExecutedCritic(nn.Module):
    """Critics of the chunk that an action is decoded to, and a copy of them of the action itself.

    Several actions of an agent may be decoded to one chunk, and what is learned of one is then
    known of all: noise aliasing, as in DSRL (arXiv 2506.15799). The decoder has no gradient, so the
    actor is taught by the second critics, which follow the first ones at random actions.

    Stable-Baselines3's SAC asks with actions that carry gradients in the actor's loss, and only
    there: that is answered by the distilled critics, everything else by the first.

    Attributes:
        judge: Critics of observations and chunks.
        alias: Critics of observations and the agent's actions.
        updates: Updates of ``judge`` so far, by which ``alias`` is updated.
    """

    updates: Tensor
    optimizer: Any

    def __init__(self, judge: ContinuousCritic, alias: ContinuousCritic) -> None:
        """Take both kinds of critics, whose answers are alike in shape."""
        super().__init__()
        self.judge, self.alias = judge, alias
        self.register_buffer("updates", torch.zeros((), dtype=torch.long))
        self._steering: list[Steering] = []
        self._observations: Tensor | None = None
        self._busy = False

    def set_training_mode(self, mode: bool) -> None:
        """Switch between training and evaluation."""
        self.train(mode)

    def bind(self, steering: Steering) -> None:
        """Tell how an action is decoded.

        Args:
            steering: The steering that the agent learns with.

        Raises:
            ZprlError: What it decodes to is left to chance.
        """
        if steering.flow_noise.by_chance or getattr(steering, "base_action", False):
            raise ZprlError(
                "critic_input='chunk' must come with a steering whose chunk follows from "
                f"observation and action. Got: {type(steering).__name__} with noise "
                f"{steering.noise}. Try --noise zero or fixed:SEED, or critic_input sum."
            )
        if takes_context(steering.policy):
            raise ZprlError(
                "critic_input='chunk' must come with a policy that decodes from its latent alone. "
                f"Got: {type(steering.policy).__name__}, which takes a context. Try critic_input "
                "sum."
            )
        size = steering.n_decided * steering.policy.action_dim
        if size != get_action_dim(self.judge.action_space):
            raise ZprlError(
                f"chunk_dim must be {size}, the numbers of an executed chunk. "
                f"Got: {get_action_dim(self.judge.action_space)}."
            )
        self._steering = [steering]

    def executed(self, observations: Tensor, actions: Tensor) -> Tensor:
        """Decode actions to the chunks that are executed, flat: ``(B, n_decided * A)``."""
        if not self._steering:
            raise ZprlError("A policy with critic_input='chunk' must be bound. Call bind(model).")
        (steering,) = self._steering
        policy = steering.policy
        latents = observations[:, -policy.latent_dim :].numpy()
        noise = np.zeros((len(latents), *noise_shape(policy)), np.float32)
        given = actions.detach().numpy()
        chunks, _ = steering.decode(policy.decode, given, latents, noise)
        flat = np.asarray(chunks, np.float32).reshape(len(latents), -1)
        return torch.from_numpy(np.ascontiguousarray(flat))

    def forward(self, observations: Tensor, actions: Tensor) -> Any:
        """Return what critics of Stable-Baselines3 return."""
        if actions.requires_grad:
            return self.alias(observations, actions)
        if torch.is_grad_enabled():
            self._observations = observations
        return self.judge(observations, self.executed(observations, actions))

    def distil(self) -> None:
        """Move the critics of actions towards those of chunks, after some of their updates."""
        if self._busy or self._observations is None:
            return
        self.updates += 1
        if int(self.updates) % DISTIL_EVERY:
            return
        observations = self._observations
        size = get_action_dim(self.alias.action_space)
        actions = SPREAD * torch.randn(len(observations), size)
        with torch.no_grad():
            targets = self.judge(observations, self.executed(observations, actions))
        answers = self.alias(observations, actions)
        loss = sum(
            0.5 * functional.mse_loss(q, target) for q, target in zip(answers, targets, strict=True)
        )
        self._busy = True
        try:
            # The first critics have no gradient then, and Adam leaves them alone.
            self.optimizer.zero_grad()
            loss.backward()  # type: ignore[union-attr]
            self.optimizer.step()
            self.optimizer.zero_grad()
        finally:
            self._busy = False
