"""Stretch: what was executed since an observation that a chunk was asked for with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass
class Stretch:
    """Actions that were executed since the last observation, whichever chunk they are of.

    Attributes:
        steps: How many.
        reward: Their discounted sum of rewards.
        outside: How many of their numbers were clipped in earnest.
        last: The last of them. Shape ``(A,)``; None before there is one.
        observation: What was observed after it.
        terminated: Whether the episode is over.
        truncated: Whether it was cut off.
        info: What the environment said last.
        hands: What it told of who executed each of them; empty ones where nobody can take over.
    """

    steps: int = 0
    reward: float = 0.0
    outside: int = 0
    last: np.ndarray | None = None
    observation: Any = None
    terminated: bool = False
    truncated: bool = False
    info: dict[str, Any] = field(default_factory=dict)
    hands: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def over(self) -> bool:
        """Whether the episode has ended."""
        return self.terminated or self.truncated


def seam(last: np.ndarray | None, chunk: np.ndarray) -> float | None:
    """Measure how far a chunk begins from where the one before ended, in its own steps.

    Args:
        last: The last action of the chunk before. Shape ``(A,)``.
        chunk: Actions of the next one that are not executed yet. Shape ``(k, A)``.

    Returns:
        The jump over the median step within the chunk: 1 is as smooth as the chunk itself. None
        where there is no seam, or no step to compare it with.

    >>> seam(np.array([0.0]), np.array([[0.3], [0.4], [0.5]]))
    3.0
    """
    if last is None or len(chunk) < 2:
        return None
    within = float(np.median(np.linalg.norm(np.diff(chunk, axis=0), axis=1)))
    return round(float(np.linalg.norm(chunk[0] - last)) / within, 6) if within > 0.0 else None
