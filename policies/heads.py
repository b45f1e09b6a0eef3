"""Velocity networks of the flow: a residual FiLM MLP, quick on a CPU."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

_MAX_FREQUENCY = 100.0


class TimeEmbedding(nn.Module):
    """Sinusoids of the flow time t in [0, 1], followed by a small MLP.

    Args:
        dim: Size of the embedding; even.
        hidden_dim: Width of the MLP's hidden layer; ``dim`` if None.
    """

    frequencies: Tensor

    def __init__(self, dim: int, hidden_dim: int | None = None) -> None:
        super().__init__()
        frequencies = torch.exp(torch.linspace(0.0, math.log(_MAX_FREQUENCY), dim // 2))
        self.register_buffer("frequencies", frequencies, persistent=False)
        hidden_dim = hidden_dim or dim
        self.net = nn.Sequential(nn.Linear(dim, hidden_dim), nn.GELU(), nn.Linear(hidden_dim, dim))

    def forward(self, t: Tensor) -> Tensor:
        """Embedding of the time. Shape ``(B,)`` to ``(B, dim)``."""
        angles = t[:, None] * self.frequencies
        embedding: Tensor = self.net(torch.cat([angles.sin(), angles.cos()], dim=-1))
        return embedding


class FilmBlock(nn.Module):
    """Residual layer whose normalised input is scaled and shifted by an embedding (FiLM)."""

    def __init__(self, hidden_dim: int, embedding_dim: int) -> None:
        super().__init__()
        self.hidden_dim = hidden_dim
        self.film = nn.Linear(embedding_dim, 2 * hidden_dim)
        self.linear = nn.Linear(hidden_dim, hidden_dim)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        """Shape ``(B, hidden_dim)`` and ``(B, embedding_dim)`` to ``(B, hidden_dim)``."""
        scale, shift = self.film(embedding).chunk(2, dim=-1)
        normal = functional.layer_norm(x, (self.hidden_dim,))
        out: Tensor = x + self.linear(functional.gelu(torch.addcmul(normal + shift, normal, scale)))
        return out


class FilmMlpHead(nn.Module):
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
        self.blocks = nn.ModuleList(FilmBlock(hidden_dim, embedding_dim) for _ in range(n_blocks))
        self.output = nn.Linear(hidden_dim, chunk_dim)

    def forward(self, x_t: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        """Velocity at ``x_t``. Shapes ``(B, H, A)``, ``(B,)``, ``(B, F)`` to ``(B, H, A)``."""
        embedding = functional.gelu(self.condition(condition) + self.time(t))
        x = self.input(x_t.flatten(1))
        for block in self.blocks:
            x = block(x, embedding)
        velocity: Tensor = self.output(x).view_as(x_t)
        return velocity
