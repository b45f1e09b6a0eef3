"""ResNet-18 with GroupNorm, as Diffusion Policy has it: no state that moves while it is trained."""

from __future__ import annotations

import math
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional

from policies.model.spatial import SpatialEmbedding
from policies.pictures.config import RESNET_CHANNELS, SPATIAL_FEATURES

GROUP = 16
"""Channels that are normalised together."""


def _norm(channels: int) -> nn.GroupNorm:
    return nn.GroupNorm(channels // GROUP, channels)


class ResidualBlock(nn.Module):
    """Two convolutions and a shortcut around them (He et al., 2016)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.first_norm = _norm(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.second_norm = _norm(outputs)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), _norm(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Shape ``(B, inputs, h, w)`` to ``(B, outputs, h / stride, w / stride)``."""
        hidden = functional.relu(self.first_norm(self.first(x)))
        out: Tensor = functional.relu(self.second_norm(self.second(hidden)) + self.shortcut(x))
        return out


class ResnetEncoder(nn.Module):
    """Embedding of one camera's frames by ResNet-18 and a learned spatial embedding.

    Args:
        size: Height and width of a prepared frame.
        dim: Size of the embedding.
    """

    def __init__(self, size: tuple[int, int], dim: int) -> None:
        super().__init__()
        first = RESNET_CHANNELS[0]
        self.stem = nn.Conv2d(3, first, 7, 2, 3, bias=False)
        self.stem_norm = _norm(first)
        blocks = [ResidualBlock(first, first, 1), ResidualBlock(first, first, 1)]
        for inputs, outputs in pairwise(RESNET_CHANNELS):
            blocks += [ResidualBlock(inputs, outputs, 2), ResidualBlock(outputs, outputs, 1)]
        self.blocks = nn.ModuleList(blocks)
        places = math.prod(-(-side // 32) for side in size)
        last = RESNET_CHANNELS[-1]
        self.places = SpatialEmbedding(last, places, SPATIAL_FEATURES)
        self.output = nn.Linear(last * SPATIAL_FEATURES, dim)

    def forward(self, frames: Tensor) -> Tensor:
        """Embedding of prepared frames. Shape ``(B, 3, h, w)`` to ``(B, dim)``."""
        x = functional.relu(self.stem_norm(self.stem(frames)))
        x = functional.max_pool2d(x, 3, 2, 1)
        for block in self.blocks:
            x = block(x)
        embedding: Tensor = self.output(self.places(x))
        return embedding
