"""Generators for tests: of lines, without training."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class LineGenerator:
    """Generator that observes its condition and adds noise to a linear map of it.

    Args:
        observation_dim: Size of the observation, which is the condition.
        action_dim: Size of an action.
        horizon: Length of a chunk.
        n_action_steps: Actions that are executed.
        seed: Of the weights.
    """

    def __init__(
        self,
        observation_dim: int,
        action_dim: int,
        horizon: int = 4,
        n_action_steps: int = 2,
        seed: int = 0,
    ) -> None:
        self.observation_dim, self.action_dim = observation_dim, action_dim
        self.horizon, self.n_action_steps = horizon, n_action_steps
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.layer = nn.Linear(observation_dim, horizon * action_dim)

    def embed(self, batch: Tensor) -> Tensor:
        """Return the observation. Shape ``(B, O)``."""
        return batch

    def generate(self, condition: Tensor, noise: Tensor) -> Tensor:
        """Return the line, and a tenth of the noise. Shape ``(B, H, A)``."""
        chunks: Tensor = self.layer(condition).reshape(-1, self.horizon, self.action_dim)
        return chunks + 0.1 * noise

    def loss(self, condition: Tensor, actions: Tensor) -> Tensor:
        """Return the mean squared error of the line."""
        error: Any = self.generate(condition, torch.zeros_like(actions)) - actions
        return error.square().mean()
