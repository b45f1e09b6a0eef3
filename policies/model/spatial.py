"""Summaries of a network's feature maps: soft-argmax, and learned spatial embeddings."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

_SHARP = 10.0
"""Factor of a map in the exponent, in the beginning; it is learned."""


class SpatialSoftArgmax(nn.Module):
    """Place and strength of what each channel has found: the soft maximum of its map.

    Columns and rows are in [-1, 1], from the left and from above.

    Args:
        channels: Number of maps, C.

    Example:
        >>> maps = torch.zeros(1, 1, 3, 3)
        >>> maps[0, 0, 2, 0] = 100.0
        >>> SpatialSoftArgmax(1)(maps).tolist()
        [[-1.0, 1.0, 100.0]]
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        # Maps are small in the beginning: a soft maximum of theirs would be the whole map's middle.
        self.sharpness = nn.Parameter(torch.full((channels,), math.log(_SHARP)))

    def forward(self, maps: Tensor) -> Tensor:
        """Columns, rows and strengths. Shape ``(B, C, h, w)`` to ``(B, 3 C)``."""
        height, width = maps.shape[2:]
        columns = torch.linspace(-1.0, 1.0, width, dtype=maps.dtype, device=maps.device)
        rows = torch.linspace(-1.0, 1.0, height, dtype=maps.dtype, device=maps.device)
        scores = (maps * self.sharpness.exp()[:, None, None]).flatten(2)
        shares = torch.softmax(scores, dim=-1).unflatten(-1, (height, width))
        x = (shares.sum(2) * columns).sum(-1)
        y = (shares.sum(3) * rows).sum(-1)
        return torch.cat([x, y, (shares * maps).sum((2, 3))], dim=-1)


class SpatialEmbedding(nn.Module):
    """Learned spatial embedding: each channel's map weighted by learned maps, and summed.

    Args:
        channels: Number of maps, C.
        places: Places of a map, h times w.
        features: Weightings per channel.
    """

    def __init__(self, channels: int, places: int, features: int) -> None:
        super().__init__()
        weight = torch.randn(channels, places, features) / math.sqrt(places)
        self.weight = nn.Parameter(weight)

    def forward(self, maps: Tensor) -> Tensor:
        """Weighted sums. Shape ``(B, C, h, w)`` to ``(B, C * features)``."""
        sums: Tensor = torch.einsum("bcp,cpf->bcf", maps.flatten(2), self.weight)
        return sums.flatten(1)
