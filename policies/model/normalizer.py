"""Normalisation: affine maps between the world's units and the networks'."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from policies.meaning.ranges import FLOOR

_CONSTANT = 1e-6
"""Spread, relative to a dimension's own size, below which it counts as constant."""


class Normalizer(nn.Module):
    """Standardise observations and scale actions to [-1, 1]; the constants are saved weights.

    Args:
        observation_dim: Size of an observation, O.
        action_dim: Size of an action, A.

    Example:
        >>> normalizer = Normalizer(1, 1)
        >>> normalizer.fit(np.array([[1.0], [3.0]]), np.array([[0.0], [10.0]]))
        >>> normalizer.observations(torch.tensor([[3.0]])).item()
        1.0
        >>> normalizer.actions(torch.tensor([[10.0]])).item()
        1.0
    """

    observation_mean: Tensor
    observation_std: Tensor
    action_center: Tensor
    action_scale: Tensor

    def __init__(self, observation_dim: int, action_dim: int) -> None:
        super().__init__()
        self.register_buffer("observation_mean", torch.zeros(observation_dim))
        self.register_buffer("observation_std", torch.ones(observation_dim))
        self.register_buffer("action_center", torch.zeros(action_dim))
        self.register_buffer("action_scale", torch.ones(action_dim))

    def fit(self, observations: np.ndarray, actions: np.ndarray) -> None:
        """Set the constants from data.

        A constant observation is divided by one. One that barely moves compared with the others is
        divided by a floor, so that sensor noise is not magnified to the size of a signal. A
        constant action is restored exactly: what nobody demonstrated, such as a rotation, must
        not carry the flow's residual noise.

        Args:
            observations: Shape ``(N, O)``.
            actions: Shape ``(N, A)``.
        """
        observations = np.asarray(observations, dtype=np.float64)
        mean, std = observations.mean(axis=0), observations.std(axis=0)
        moving = std > _CONSTANT * np.maximum(1.0, np.abs(mean))
        floor = FLOOR * np.median(std[moving]) if moving.any() else 1.0
        self.observation_mean.copy_(torch.from_numpy(mean))
        self.observation_std.copy_(torch.from_numpy(np.where(moving, np.maximum(std, floor), 1.0)))

        actions = np.asarray(actions, dtype=np.float64)
        low, high = actions.min(axis=0), actions.max(axis=0)
        center, scale = (high + low) / 2, (high - low) / 2
        moving = scale > _CONSTANT * np.maximum(1.0, np.abs(center))
        self.action_center.copy_(torch.from_numpy(center))
        self.action_scale.copy_(torch.from_numpy(np.where(moving, scale, 0.0)))

    def observations(self, observations: Tensor) -> Tensor:
        """Observations with zero mean and unit deviation. Shape ``(B, O)`` in and out."""
        return (observations - self.observation_mean) / self.observation_std

    def actions(self, actions: Tensor) -> Tensor:
        """Actions in [-1, 1]. Shape ``(..., A)`` in and out."""
        divisor = torch.where(self.action_scale > 0, self.action_scale, 1.0)
        return (actions - self.action_center) / divisor

    def restore_actions(self, actions: Tensor) -> Tensor:
        """Inverse of :meth:`actions`: the environment's units. Shape ``(..., A)`` in and out."""
        return actions * self.action_scale + self.action_center
