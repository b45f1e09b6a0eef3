"""Success rates with confidence intervals, and paired comparisons of two policies."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

SIGNIFICANT = 0.05
"""p-value below which a difference is said to have been shown."""


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


def fewest_to_show() -> int:
    """Count the episodes that must be gained, none being lost, before a difference is shown.

    Fewer episodes than that can show nothing, whatever they give.

    >>> fewest_to_show()
    6
    """
    return next(count for count in range(1, 100) if 2 * 0.5**count < SIGNIFICANT)


def fewest_to_reach(rate: float) -> int:
    """Count the episodes that must all succeed for the Wilson interval to lie above a rate.

    Args:
        rate: Between 0 and 1, both excluded.

    >>> fewest_to_reach(0.95), fewest_to_reach(0.9)
    (73, 35)
    """
    # Without a failure the lower bound is n / (n + z^2).
    z = NormalDist().inv_cdf(0.975)
    return math.ceil(round(z**2 * rate / (1.0 - rate), 9))


def verdict(difference: PairedDifference, episodes: int) -> str:
    """Say in a sentence whether the second of two policies is better, worse, or neither.

    Args:
        difference: How it differs from the first one on the same episodes.
        episodes: How many these were.

    >>> print(verdict(paired_difference(np.zeros(9, bool), np.ones(9, bool)), 9))
    Better: 9 of 9 episodes gained, none lost (+100 points, p = 0.0039).
    >>> print(verdict(paired_difference(np.ones(9, bool), np.zeros(9, bool)), 9))
    Worse: none of 9 episodes gained, 9 lost (-100 points, p = 0.0039).
    >>> print(verdict(paired_difference(np.zeros(2, bool), np.ones(2, bool)), 2))
    No difference that 2 episodes can show: 2 gained, none lost (+100 points, p = 0.5).
    """
    gained, lost = (str(count or "none") for count in (difference.gained, difference.lost))
    numbers = f"({100 * difference.difference:+.0f} points, p = {difference.p_value:.2g})"
    if difference.p_value < SIGNIFICANT:
        word = "Better" if difference.difference > 0 else "Worse"
        return f"{word}: {gained} of {episodes} episodes gained, {lost} lost {numbers}."
    return (
        f"No difference that {episodes} episodes can show: {gained} gained, {lost} lost {numbers}."
    )


def needed(difference: PairedDifference, episodes: int) -> str | None:
    """Say what it would have taken to show a difference; None if one was shown.

    Args:
        difference: Of two policies on the same episodes.
        episodes: How many these were.

    >>> needed(paired_difference(np.zeros(2, bool), np.ones(2, bool)), 2)
    'That takes at least 6 episodes.'
    """
    if difference.p_value < SIGNIFICANT:
        return None
    fewest = fewest_to_show()
    if episodes < fewest:
        return f"That takes at least {fewest} episodes."
    return f"That takes {fewest} gained and none lost, or more of both."
