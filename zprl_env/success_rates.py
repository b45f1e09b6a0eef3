"""Success rates with confidence intervals, and paired comparisons of two policies."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Interval(NamedTuple):
    """A confidence interval of a rate, both ends in [0, 1]."""

    low: float
    high: float


class PairedDifference(NamedTuple):
    """Difference of two policies on the same episodes.

    Attributes:
        difference: Success rate of the second minus that of the first.
        gained: Episodes only the second solves.
        lost: Episodes only the first solves.
        p_value: Two-sided exact McNemar test of no difference.
    """

    difference: float
    gained: int
    lost: int
    p_value: float


def wilson_interval(successes: int, episodes: int, confidence: float = 0.95) -> Interval:
    """Compute the Wilson score interval of a success rate.

    Args:
        successes: Number of successes.
        episodes: Number of episodes, at least 1.
        confidence: Confidence level.

    Returns:
        The interval.

    Example:
        >>> low, high = wilson_interval(50, 100)
        >>> round(low, 3), round(high, 3)
        (0.404, 0.596)
    """
    from scipy.stats import binomtest  # a second to import, and --help needs no interval

    interval = binomtest(successes, episodes).proportion_ci(confidence, method="wilson")
    return Interval(float(interval.low), float(interval.high))


def paired_difference(first: np.ndarray, second: np.ndarray) -> PairedDifference:
    """Compare two policies on identical seeds by the exact McNemar test.

    Args:
        first: Successes of the first policy. Shape ``(N,)``, bool.
        second: Successes of the second policy on the same seeds. Shape ``(N,)``, bool.

    Returns:
        The difference and whether chance alone explains it.

    Example:
        >>> paired_difference(np.array([0, 0, 1, 1], bool), np.array([1, 1, 1, 1], bool))
        PairedDifference(difference=0.5, gained=2, lost=0, p_value=0.5)
    """
    from scipy.stats import binomtest

    gained = int(np.sum(~first & second))
    lost = int(np.sum(first & ~second))
    p_value = float(binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0
    return PairedDifference(float(second.mean() - first.mean()), gained, lost, p_value)
