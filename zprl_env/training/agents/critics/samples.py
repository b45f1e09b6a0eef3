"""Best of K samples of the base policy by the critic: an agent whose actor learns nothing."""

from __future__ import annotations

from typing import Any

import torch
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.sac import policies as sac
from torch import Tensor, nn

_FIXED = 0
"""Seed of the samples among which an agent chooses when it does not explore."""


class SampledActor(sac.Actor):
    """Actor that draws the flow's noise as the base policy does and keeps the draw of highest Q.

    Its weights are those of Stable-Baselines3's actor, and nothing reads them. The target of SAC is
    then that of Q-learning over the base policy's own chunks, without entropy, and the loss of the
    actor has no gradient.
    """

    samples: int
    spread: float

    def ask(self, critic: nn.Module, samples: int, spread: float) -> None:
        """Tell whom to ask.

        Args:
            critic: The critics, which stay the policy's.
            samples: Draws to choose from.
            spread: Standard deviation of the draws, in the units of the agent's action.
        """
        self._critic = [critic]
        self.samples, self.spread = samples, spread

    def forward(self, obs: Tensor, deterministic: bool = False) -> Tensor:
        """Draw and choose; without exploration from the same draws every time. ``(B, A)``."""
        size, width = len(obs), self.mu.out_features
        if deterministic:
            generator = torch.Generator().manual_seed(_FIXED)
            draws = torch.randn((self.samples, 1, width), generator=generator)
            return self._best(obs, draws.expand(-1, size, -1))
        return self._best(obs, torch.randn((self.samples, size, width)))

    def action_log_prob(self, obs: Tensor) -> tuple[Tensor, Tensor]:
        """Return an action, and zero as its log probability; the actor's loss needs no choice."""
        if torch.is_grad_enabled():
            draw = torch.randn((len(obs), self.mu.out_features))
            return (self.spread * draw).clamp(-1.0, 1.0), torch.zeros(len(obs))
        return self(obs), torch.zeros(len(obs))

    @torch.no_grad()
    def _best(self, obs: Tensor, draws: Tensor) -> Tensor:
        """Pick for each observation the draw that the most cautious critic likes best."""
        candidates = (self.spread * draws).clamp(-1.0, 1.0)
        repeated = obs.repeat(self.samples, 1)
        values = self._critic[0](repeated, candidates.reshape(len(repeated), -1))
        q = torch.cat(values, dim=1).amin(dim=1).reshape(self.samples, len(obs))
        return candidates[q.argmax(dim=0), torch.arange(len(obs))]


class Samples(BasePolicy):
    """Mixin of SAC's policy with the option to choose among samples of the base policy."""

    def __init__(
        self, *args: Any, base_samples: int = 0, sample_spread: float = 1.0, **kwargs: Any
    ) -> None:
        """Add to Stable-Baselines3's arguments.

        Args:
            *args: Stable-Baselines3's.
            base_samples: Draws of the flow's noise to choose from; 0 has an actor that learns.
            sample_spread: Standard deviation of the draws, in the units of the agent's action.
            **kwargs: Stable-Baselines3's.
        """
        self.base_samples, self.sample_spread = base_samples, sample_spread
        super().__init__(*args, **kwargs)
        self.own |= {"base_samples": base_samples, "sample_spread": sample_spread}

    def _build(self, lr_schedule: Any) -> None:
        super()._build(lr_schedule)
        if isinstance(self.actor, SampledActor):
            self.actor.ask(self.critic, self.base_samples, self.sample_spread)

    def make_actor(self, features_extractor: Any = None) -> Any:
        """Build the actor; see Stable-Baselines3."""
        if not self.base_samples:
            return super().make_actor(features_extractor)
        kwargs = self._update_features_extractor(self.actor_kwargs, features_extractor)
        return SampledActor(**kwargs).to(self.device)
