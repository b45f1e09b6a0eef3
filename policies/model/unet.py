"""The conditional 1-D U-Net over an action chunk, the velocity network of the published results.

Architecture after Chi et al., "Diffusion Policy" (2023): convolutions along time, each residual
block scaled and shifted (FiLM) by the embedding of flow time and condition.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from policies.model.config import UNET_TIME_DIM
from policies.model.heads import Head, TimeEmbedding

_KERNEL = 5
_GROUPS = 8


def _conv_block(in_channels: int, out_channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv1d(in_channels, out_channels, _KERNEL, padding=_KERNEL // 2),
        nn.GroupNorm(_GROUPS, out_channels),
        nn.Mish(),
    )


class ConvFilmBlock(nn.Module):
    """Two convolutions with FiLM between them and a residual connection."""

    def __init__(self, in_channels: int, out_channels: int, embedding_dim: int) -> None:
        super().__init__()
        self.first = _conv_block(in_channels, out_channels)
        self.second = _conv_block(out_channels, out_channels)
        self.film = nn.Sequential(nn.Mish(), nn.Linear(embedding_dim, 2 * out_channels))
        self.residual: nn.Module = nn.Identity()
        if in_channels != out_channels:
            self.residual = nn.Conv1d(in_channels, out_channels, 1)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        """Shape ``(B, in_channels, T)`` and ``(B, E)`` to ``(B, out_channels, T)``."""
        scale, shift = self.film(embedding)[..., None].chunk(2, dim=1)
        hidden = self.first(x)
        out: Tensor = self.second(hidden + hidden * scale + shift) + self.residual(x)
        return out


class _Level(nn.Module):
    """Two residual blocks at one resolution."""

    def __init__(self, in_channels: int, out_channels: int, embedding_dim: int) -> None:
        super().__init__()
        self.first = ConvFilmBlock(in_channels, out_channels, embedding_dim)
        self.second = ConvFilmBlock(out_channels, out_channels, embedding_dim)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        out: Tensor = self.second(self.first(x, embedding), embedding)
        return out


class UnetHead(Head):
    """Velocity of an action chunk by a 1-D U-Net along the chunk's time axis.

    Args:
        action_dim: Size of an action, A.
        condition_dim: Size of the condition, F.
        channels: Channels per resolution, each divisible by 8. The horizon must be divisible by
            ``2 ** (len(channels) - 1)``.
    """

    def __init__(self, action_dim: int, condition_dim: int, channels: Sequence[int]) -> None:
        super().__init__()
        embedding_dim = UNET_TIME_DIM + condition_dim
        self.time = TimeEmbedding(UNET_TIME_DIM, 4 * UNET_TIME_DIM)
        steps = list(pairwise(channels))
        first, last = channels[0], channels[-1]
        self.top = _Level(action_dim, first, embedding_dim)
        self.shrink = nn.ModuleList(nn.Conv1d(c, c, 3, stride=2, padding=1) for c, _ in steps)
        self.down = nn.ModuleList(_Level(c, d, embedding_dim) for c, d in steps)
        self.middle = _Level(last, last, embedding_dim)
        self.up = nn.ModuleList(_Level(2 * d, c, embedding_dim) for c, d in reversed(steps))
        self.grow = nn.ModuleList(
            nn.ConvTranspose1d(c, c, 4, stride=2, padding=1) for c, _ in reversed(steps)
        )
        self.output = nn.Sequential(_conv_block(first, first), nn.Conv1d(first, action_dim, 1))

    def context(self, t: Tensor, condition: Tensor) -> tuple[Tensor, ...]:
        """Embeddings of time and condition, side by side."""
        shape = torch.broadcast_shapes(t.shape, condition.shape[:-1])
        time = self.time(t).expand(*shape, -1)
        return (torch.cat([time, condition.expand(*shape, -1)], dim=-1),)

    def velocity(self, x_t: Tensor, context: tuple[Tensor, ...]) -> Tensor:
        """Down, through the middle and up along the chunk's time axis."""
        (embedding,) = context
        x = self.top(x_t.transpose(1, 2), embedding)
        skips = []
        for shrink, down in zip(self.shrink, self.down, strict=True):
            x = down(shrink(x), embedding)
            skips.append(x)
        x = self.middle(x, embedding)
        for up, grow, skip in zip(self.up, self.grow, reversed(skips), strict=True):
            x = grow(up(torch.cat([x, skip], dim=1), embedding))
        velocity: Tensor = self.output(x).transpose(1, 2)
        return velocity
