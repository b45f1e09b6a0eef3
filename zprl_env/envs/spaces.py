"""Unbounded observation space that passes environment checkers."""

from __future__ import annotations

import gymnasium as gym
import numpy as np

_LARGEST = float(np.finfo(np.float32).max)


def unbounded_box(size: int) -> gym.spaces.Box:
    """Make a flat float32 ``Box`` that holds every finite vector.

    Its bounds are float32's largest numbers: of infinite ones, checkers warn that they are
    probably a mistake.

    Args:
        size: Length of the vectors.

    Returns:
        The space.

    Example:
        >>> unbounded_box(3).shape, bool(np.isfinite(unbounded_box(3).high).all())
        ((3,), True)
    """
    return gym.spaces.Box(-_LARGEST, _LARGEST, (size,), np.float32)
