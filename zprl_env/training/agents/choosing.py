"""Choice of an agent's action: averaged actor, best of several by the critic, held exploration."""

from __future__ import annotations

from typing import Any

import torch
from stable_baselines3.common.policies import BasePolicy
from torch import Tensor, nn

_LARGEST_SEED = 2**62
_PROGRESSIVE = 2**61
"""Distance of the seeds that choose decisions from those that choose actions."""


class Choosing(BasePolicy):
    """Mixin with options of acting, for policies whose actor is a squashed Gaussian.

    Learning is untouched: the algorithm's losses see the same actor and critics as ever. With the
    defaults the action is the library's own.

    Attributes:
        average: Moving average of the actor, by which it acts without exploration; ``None`` unless
            asked for.
    """

    average: nn.Module | None
    decisions: Tensor
    explored: Tensor

    def __init__(
        self,
        *args: Any,
        actor_average: float = 0.0,
        best_of: int = 1,
        hold: int = 1,
        progressive_exploration: int = 0,
        **kwargs: Any,
    ) -> None:
        """Add to Stable-Baselines3's arguments.

        Args:
            *args: Stable-Baselines3's.
            actor_average: Share of the average that each gradient step of the actor leaves, such as
                0.999; 0 acts by the actor itself.
            best_of: Actions that are drawn, of which the one with the highest Q is taken: also
                without exploration, where the first is the mean and the others are always the same.
            hold: Decisions for which exploration keeps its draw from the standard normal.
            progressive_exploration: Decisions over which the share of those that exploration
                perturbs at all rises from none to all; 0 perturbs all from the start.
            **kwargs: Stable-Baselines3's.
        """
        self.actor_average, self.best_of, self.hold = actor_average, best_of, hold
        self.progressive_exploration = progressive_exploration
        super().__init__(*args, **kwargs)
        self.own |= {"actor_average": actor_average, "best_of": best_of, "hold": hold}
        self.own |= {"progressive_exploration": progressive_exploration}

    def _build(self, lr_schedule: Any) -> None:
        super()._build(lr_schedule)
        self.average = None
        progressive = self.progressive_exploration > 0
        if self.best_of > 1 or self.hold > 1 or progressive:  # of which the library knows nothing
            key = torch.randint(_LARGEST_SEED, ())
            self.register_buffer("key", key)
            self.register_buffer("decisions", torch.zeros((), dtype=torch.long))
        if progressive:
            self.register_buffer("explored", torch.zeros((), dtype=torch.long))
        if self.actor_average:
            with torch.random.fork_rng(devices=[]):  # learning draws what it would have drawn
                self.average = self.make_actor()
            self.average.load_state_dict(self.actor.state_dict())
            self.average.requires_grad_(False).train(False)
            self.actor.optimizer.register_step_post_hook(lambda *_: self._follow())

    @torch.no_grad()
    def _follow(self) -> None:
        """Move the average towards the actor."""
        assert self.average is not None
        for old, new in zip(self.average.parameters(), self.actor.parameters(), strict=True):
            old.data.lerp_(new, 1.0 - self.actor_average)
        for mine, other in zip(self.average.buffers(), self.actor.buffers(), strict=True):
            mine.copy_(other)

    def perturbed(self, count: int) -> Tensor:
        """Draw which of the next decisions exploration perturbs; the others are the base policy's.

        By the decision's number, so that a run can resume.

        Args:
            count: Decisions, one per environment.

        Returns:
            Shape ``(count,)``, bool.
        """
        if not self.progressive_exploration:
            return torch.ones(count, dtype=torch.bool)
        self.explored += count
        seed = (int(self.key) + _PROGRESSIVE + int(self.explored)) % _LARGEST_SEED
        draws = torch.rand(count, generator=torch.Generator().manual_seed(seed))
        return draws < int(self.explored) / self.progressive_exploration

    def _predict(self, observation: Any, deterministic: bool = False) -> Tensor:
        action = self._choose(observation, deterministic)
        if deterministic or not self.progressive_exploration:
            return action
        return action * self.perturbed(len(action)).to(action.device)[:, None]

    def _choose(self, observation: Any, deterministic: bool) -> Tensor:
        averaged = deterministic and self.average is not None
        actor: Any = self.average if averaged else self.actor
        if self.best_of == 1 and (self.hold == 1 or deterministic):
            action: Tensor = actor(observation, deterministic)
            return action
        mean, log_std, _ = actor.get_action_dist_params(observation)
        draws = self._draw((self.best_of, *mean.shape), deterministic)
        return self._best(observation, torch.tanh(mean + log_std.exp() * draws))

    def _draw(self, shape: tuple[int, ...], deterministic: bool) -> Tensor:
        """Draw from the standard normal: by the decision's number, so that a run can resume."""
        number = 0
        if not deterministic:
            number = 1 + int(self.decisions) // self.hold
            self.decisions += 1
        seed = (int(self.key) + number) % _LARGEST_SEED
        generator = torch.Generator().manual_seed(seed)
        if not deterministic:
            return torch.randn(shape, generator=generator).to(self.device)
        # Every observation of a batch has the same candidates, as it would have alone.
        draws = torch.randn((shape[0], 1, *shape[2:]), generator=generator)
        draws[0] = 0.0
        return draws.expand(shape).to(self.device)

    def _best(self, observation: Any, candidates: Tensor) -> Tensor:
        """Pick each observation's candidate of the highest Q. ``(K, B, A)`` to ``(B, A)``."""
        count, size, width = candidates.shape
        if count == 1:
            return candidates[0]
        repeated = observation.repeat(count, *(1 for _ in observation.shape[1:]))
        q = self._q(self.critic(repeated, candidates.reshape(-1, width)))
        best = q.reshape(count, size).argmax(dim=0)
        return candidates[best, torch.arange(size)]

    @staticmethod
    def _q(values: Any) -> Tensor:
        """Reduce critics' answers to one number each: the least, or the mean of quantiles."""
        if isinstance(values, Tensor):
            return values.mean(dim=(1, 2))
        return torch.cat(values, dim=1).amin(dim=1)
