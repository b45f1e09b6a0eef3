"""Observation spaces: an unbounded one that passes checkers, and telling pictures by theirs."""

from __future__ import annotations

import gymnasium as gym
import numpy as np

_LARGEST = float(np.finfo(np.float32).max)
SIDE = 8
"""Smallest height and width of a picture [pixels]."""


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


def is_image(space: gym.Space) -> bool:
    """Tell whether an observation space holds pictures, or stacks of them.

    >>> is_image(gym.spaces.Box(0, 255, (96, 96, 3), np.uint8)), is_image(unbounded_box(3))
    (True, False)
    >>> is_image(gym.spaces.Box(0.0, 1.0, (4, 84, 84))), is_image(gym.spaces.Box(-1.0, 1.0, (4, 4)))
    (True, False)
    """
    if not isinstance(space, gym.spaces.Box) or len(space.shape) < 2:
        return False
    sides = sorted(space.shape)[-2:]
    return sides[0] >= SIDE and (space.dtype == np.uint8 or len(space.shape) > 2)
