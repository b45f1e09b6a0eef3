"""Velocity networks of the flow: their base class, and a FiLM MLP, quick on a CPU."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional

from policies.model.config import MAX_FREQUENCY
from policies.model.flow import euler


class Head(nn.Module, ABC):
    """A velocity network in two parts, so that sampling computes only once whatever is constant.

    The context depends on time and condition only: a sampler computes it for all its steps in one
    call, because a CPU and a batch of one spend their time on calls rather than on sums.
    """

    @abstractmethod
    def context(self, t: Tensor, condition: Tensor) -> tuple[Tensor, ...]:
        """Compute everything that depends on time and condition alone.

        Args:
            t: Shape ``(B,)``, or ``(K, 1)`` for K times at once.
            condition: Shape ``(B, F)``.

        Returns:
            Tensors of shape ``(B, ...)``, or ``(K, B, ...)``.
        """

    @abstractmethod
    def velocity(self, x_t: Tensor, context: tuple[Tensor, ...]) -> Tensor:
        """Velocity at ``x_t``, shape ``(B, H, A)``, given its context of leading size B."""

    def forward(self, x_t: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        """Velocity at ``x_t``. Shapes ``(B, H, A)``, ``(B,)``, ``(B, F)`` to ``(B, H, A)``."""
        return self.velocity(x_t, self.context(t, condition))

    def sample(self, noise: Tensor, condition: Tensor, n_steps: int) -> Tensor:
        """Chunks at t = 1 from noise at t = 0, both of shape ``(B, H, A)``, by Euler steps."""
        times = torch.arange(n_steps, dtype=noise.dtype, device=noise.device)[:, None] / n_steps
        parts = self.context(times, condition)
        steps = list(zip(*(part.unbind(0) for part in parts), strict=True))
        return euler(lambda x, k: self.velocity(x, steps[k]), noise, n_steps)


class TimeEmbedding(nn.Module):
    """Sinusoids of the flow time t in [0, 1], followed by a small MLP.

    Args:
        dim: Size of the embedding; even.
        hidden_dim: Width of the MLP's hidden layer; ``dim`` if None.
    """

    frequencies: Tensor

    def __init__(self, dim: int, hidden_dim: int | None = None) -> None:
        super().__init__()
        frequencies = torch.exp(torch.linspace(0.0, math.log(MAX_FREQUENCY), dim // 2))
        self.register_buffer("frequencies", frequencies, persistent=False)
        hidden_dim = hidden_dim or dim
        self.net = nn.Sequential(nn.Linear(dim, hidden_dim), nn.GELU(), nn.Linear(hidden_dim, dim))

    def forward(self, t: Tensor) -> Tensor:
        """Embedding of the time. Shape ``(...,)`` to ``(..., dim)``."""
        angles = t[..., None] * self.frequencies
        embedding: Tensor = self.net(torch.cat([angles.sin(), angles.cos()], dim=-1))
        return embedding


class FilmBlock(nn.Module):
    """Residual layer whose normalised input is scaled and shifted from outside (FiLM)."""

    def __init__(self, hidden_dim: int) -> None:
        super().__init__()
        self.hidden_dim = hidden_dim
        self.linear = nn.Linear(hidden_dim, hidden_dim)

    def forward(self, x: Tensor, film: Tensor) -> Tensor:
        """Shape ``(B, hidden_dim)`` and ``(B, 2 hidden_dim)`` to ``(B, hidden_dim)``."""
        scale, shift = film.chunk(2, dim=-1)
        normal = functional.layer_norm(x, (self.hidden_dim,))
        out: Tensor = x + self.linear(functional.gelu(torch.addcmul(normal + shift, normal, scale)))
        return out


class FilmMlpHead(Head):
    """Velocity of a flattened action chunk by a residual MLP under FiLM.

    Args:
        horizon: Length of a chunk, H.
        action_dim: Size of an action, A.
        condition_dim: Size of the condition, F.
        hidden_dim: Width of the residual stream.
        n_blocks: Number of residual FiLM blocks.
        embedding_dim: Size of the joint embedding of time and condition.
    """

    def __init__(
        self,
        horizon: int,
        action_dim: int,
        condition_dim: int,
        hidden_dim: int,
        n_blocks: int,
        embedding_dim: int,
    ) -> None:
        super().__init__()
        chunk_dim = horizon * action_dim
        self.time = TimeEmbedding(embedding_dim)
        self.condition = nn.Linear(condition_dim, embedding_dim)
        self.input = nn.Linear(chunk_dim, hidden_dim)
        self.films = nn.ModuleList(
            nn.Linear(embedding_dim, 2 * hidden_dim) for _ in range(n_blocks)
        )
        self.blocks = nn.ModuleList(FilmBlock(hidden_dim) for _ in range(n_blocks))
        self.output = nn.Linear(hidden_dim, chunk_dim)

    def context(self, t: Tensor, condition: Tensor) -> tuple[Tensor, ...]:
        """Scales and shifts of every block."""
        embedding = functional.gelu(self.condition(condition) + self.time(t))
        return tuple(film(embedding) for film in self.films)

    def velocity(self, x_t: Tensor, context: tuple[Tensor, ...]) -> Tensor:
        """The residual stream from chunk to velocity."""
        x = self.input(x_t.flatten(1))
        for block, film in zip(self.blocks, context, strict=True):
            x = block(x, film)
        velocity: Tensor = self.output(x).view_as(x_t)
        return velocity
