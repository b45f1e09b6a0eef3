"""Ranges of numbers in a policy's training data, so that others can be compared with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

DEVIATIONS = 3.0
"""Standard deviations on either side of the mean that make a range."""

FEWEST = 10
"""Demonstrations that ranges rest on, at least."""

FLOOR = 0.05
"""Smallest divisor of an observation, as a fraction of the median moving number's deviation."""


class Ranges(NamedTuple):
    """Ranges of several numbers in training, an entry for each.

    A policy may have two, as attributes: ``observation_ranges``, of the flat observation of one
    step, and ``action_ranges``, of one action in the environment's units.

    Attributes:
        low: Lower ends; minus infinity where nothing is known. Shape ``(N,)``.
        high: Upper ends, not below `low`; the same where a number was constant. Shape ``(N,)``.
        moved: Whether the width is the data's own, and not nothing or a floor. Shape ``(N,)``.
    """

    low: np.ndarray
    high: np.ndarray
    moved: np.ndarray

    @classmethod
    def between(cls, low: Any, high: Any) -> Ranges:
        """Return the ranges between ends, such as minima and maxima.

        >>> Ranges.between([0.0, 5.0], [1.0, 5.0]).moved.tolist()
        [True, False]
        """
        low, high = (np.asarray(end, np.float64) for end in (low, high))
        moved = high - low > 1e-6 * np.maximum(1.0, np.abs(low))
        return cls(low, np.where(moved, high, low), moved)

    @classmethod
    def around(cls, mean: Any, std: Any) -> Ranges:
        """Return the ranges of three standard deviations about means.

        >>> Ranges.around([1.0], [0.5])
        Ranges(low=array([-0.5]), high=array([2.5]), moved=array([ True]))
        """
        mean, std = (np.asarray(part, np.float64) for part in (mean, std))
        return cls.between(mean - DEVIATIONS * std, mean + DEVIATIONS * std)

    @classmethod
    def unknown(cls, size: int) -> Ranges:
        """Return ranges that everything lies in."""
        ends = np.full(size, np.inf)
        return cls(-ends, ends, np.zeros(size, bool))

    @classmethod
    def joined(cls, parts: Sequence[Ranges]) -> Ranges:
        """Return the ranges of parts that are put one after another."""
        return cls(*(np.concatenate(ends) for ends in zip(*parts, strict=True)))

    @classmethod
    def of(cls, policy: object, kind: str) -> Ranges | None:
        """Return those that a policy has; None if it has none, or what it has is no such thing.

        Ranges of fewer demonstrations than `FEWEST`, where the policy says how many, are none: a
        goal that is drawn anew in each episode lies outside of theirs.

        Args:
            policy: Any policy.
            kind: ``"observation"`` or ``"action"``.
        """
        metadata = getattr(policy, "metadata", None)
        training = metadata.get("training") if isinstance(metadata, Mapping) else None
        count = training.get("demonstrations") if isinstance(training, Mapping) else None
        if isinstance(count, int) and count < FEWEST:
            return None
        found = getattr(policy, f"{kind}_ranges", None)
        if not isinstance(found, tuple) or len(found) != len(cls._fields):
            return None
        low, high, moved = (np.asarray(part) for part in found)
        sound = low.ndim == 1 and low.shape == high.shape == moved.shape and (low <= high).all()
        return cls(low.astype(float), high.astype(float), moved.astype(bool)) if sound else None


def of_normalizer(mean: np.ndarray, std: np.ndarray) -> Ranges:
    """Return the ranges that a normaliser of this package was fitted to.

    Its deviation is 1 where a number was constant, and `FLOOR` of the median one where a number
    hardly moved: what these two say of a width is not the data's.

    Args:
        mean: Means. Shape ``(N,)``.
        std: What observations are divided by. Shape ``(N,)``.

    >>> of_normalizer(np.zeros(4), np.array([1.0, 0.2, 0.2, 0.01])).moved.tolist()
    [False, True, True, False]
    """
    std = np.asarray(std, np.float64)
    moving = std != 1.0
    least = FLOOR * np.median(std[moving]) if moving.any() else 0.0
    known = moving & (std > 1.001 * least)
    found = Ranges.around(mean, np.where(moving, std, 0.0))
    return found._replace(moved=found.moved & known)
