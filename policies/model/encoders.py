"""Observation encoders: from a normalised observation to the embedding c."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn


def mlp(in_dim: int, hidden_dims: Sequence[int], out_dim: int) -> nn.Sequential:
    """Make a fully connected network with GELU between its layers and a linear output.

    Example:
        >>> [type(layer).__name__ for layer in mlp(3, [8], 2)]
        ['Linear', 'GELU', 'Linear']
    """
    layers: list[nn.Module] = []
    for hidden_dim in hidden_dims:
        layers += [nn.Linear(in_dim, hidden_dim), nn.GELU()]
        in_dim = hidden_dim
    return nn.Sequential(*layers, nn.Linear(in_dim, out_dim))


class StateEncoder(nn.Module):
    """Embedding of a flat state observation by an MLP.

    Args:
        observation_dim: Size of an observation, O.
        hidden_dims: Widths of the hidden layers.
        feature_dim: Size of the embedding, F.
    """

    def __init__(self, observation_dim: int, hidden_dims: Sequence[int], feature_dim: int) -> None:
        super().__init__()
        self.net = mlp(observation_dim, hidden_dims, feature_dim)

    def forward(self, observations: Tensor) -> Tensor:
        """Embedding c of normalised observations. Shape ``(B, O)`` to ``(B, F)``."""
        features: Tensor = self.net(observations)
        return features
