"""Rectified flow: straight lines from noise to data, and the velocity along them.

A point on the line is x_t = (1 - t) x_0 + t a with x_0 ~ N(0, I) and t in [0, 1]; its velocity is
a - x_0 (Liu, Gong and Liu, "Flow Straight and Fast", 2022).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional


class Velocity(Protocol):
    """A velocity field v(x_t, t | condition), learned or given."""

    def __call__(self, x_t: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        """Velocity at ``x_t``, shape ``(B, H, A)``; ``t`` has shape ``(B,)``."""
        ...


def flow_matching_loss(
    velocity: Velocity,
    actions: Tensor,
    condition: Tensor,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Mean squared error of the velocity at random points of the lines from noise to ``actions``.

    Args:
        velocity: The field to be learned.
        actions: Normalised action chunks a. Shape ``(B, H, A)``.
        condition: What the chunks depend on. Shape ``(B, F)``.
        generator: Source of x_0 and t; torch's default one if None.
    """
    x_0 = torch.empty_like(actions).normal_(generator=generator)
    t = torch.empty_like(actions[:, 0, 0]).uniform_(generator=generator)
    x_t = torch.lerp(x_0, actions, t[:, None, None])
    return functional.mse_loss(velocity(x_t, t, condition), actions - x_0)


def euler(field: Callable[[Tensor, int], Tensor], noise: Tensor, n_steps: int) -> Tensor:
    """Integrate dx/dt = v(x, t) from t = 0 to 1 in equal Euler steps.

    Args:
        field: Velocity at a point and at the time k / n_steps, given as k.
        noise: Starting points x_0. Shape ``(B, H, A)``.
        n_steps: Number of steps K.

    Returns:
        x_1. Shape ``(B, H, A)``.

    Example:
        >>> x_0 = torch.zeros(1, 2, 1)
        >>> euler(lambda x, k: torch.ones_like(x), x_0, 4).flatten().tolist()
        [1.0, 1.0]
    """
    x = noise
    for k in range(n_steps):
        x = torch.add(x, field(x, k), alpha=1.0 / n_steps)
    return x
