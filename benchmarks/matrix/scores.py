"""Statistics over seeds: area under a curve, interquartile mean, stratified bootstrap.

The interquartile mean and the bootstrap are those of rliable (Agarwal et al., arXiv 2108.13264):
scores of all tasks together, and resampling of the seeds of every task by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

WINDOW = 50
"""Episodes of the rolling success rate."""
DRAWS = 2_000
"""Resamplings of a bootstrap."""

Statistic = Callable[[np.ndarray], np.ndarray]
"""Function of scores along the last axis."""


def rolling(successes: Sequence[int], window: int = WINDOW) -> np.ndarray:
    """Compute the mean over the last episodes, after each of them.

    >>> rolling([1, 0, 0, 1], window=2).tolist()
    [1.0, 0.5, 0.0, 0.5]
    """
    sums = np.cumsum([0, *successes])
    ends = np.arange(1, len(sums))
    starts = np.maximum(ends - window, 0)
    return (sums[ends] - sums[starts]) / (ends - starts)


def area(
    ends: Sequence[int], successes: Sequence[int], start: int, stop: int, window: int = WINDOW
) -> float:
    """Compute the mean rolling success between two environment steps.

    Args:
        ends: Environment steps at the end of each episode, rising.
        successes: Whether the episode succeeded.
        start: First environment step; the curve begins with the first episode if that is later.
        stop: Last environment step.
        window: Episodes of the rolling success rate.

    >>> area([10, 20, 30], [1, 0, 1], start=10, stop=40, window=1)
    0.6666666666666666
    """
    at = np.asarray([*ends, stop], float)
    spans = np.diff(np.clip(at, start, stop))
    return float(np.average(rolling(successes, window), weights=spans))


def steps_to(
    ends: Sequence[int], successes: Sequence[int], rate: float = 0.9, window: int = WINDOW
) -> int | None:
    """Find the environment steps after which a whole window of episodes succeeds often enough.

    >>> steps_to([10, 20, 30, 40], [1, 0, 1, 1], window=2)
    40
    """
    at = np.flatnonzero(rolling(successes, window)[window - 1 :] >= rate)
    return int(ends[at[0] + window - 1]) if len(at) else None


def lowest(successes: Sequence[int], window: int = WINDOW) -> float:
    """Compute the lowest success of a window of training episodes; of all if they are fewer.

    >>> lowest([1, 0, 0, 1], window=2)
    0.0
    """
    return float(rolling(successes, window)[min(window, len(successes)) - 1 :].min())


def interquartile_mean(scores: np.ndarray) -> np.ndarray:
    """Compute the mean without the lowest and the highest quarter, along the last axis.

    >>> float(interquartile_mean(np.array([0.0, 1.0, 3.0, 9.0])))
    2.0
    """
    ordered = np.sort(scores, axis=-1)
    cut = ordered.shape[-1] // 4
    return np.asarray(ordered[..., cut : ordered.shape[-1] - cut].mean(axis=-1))


def mean(scores: np.ndarray) -> np.ndarray:
    """Compute the mean along the last axis."""
    return np.asarray(scores.mean(axis=-1))


def bootstrap(
    strata: Sequence[Sequence[float]],
    statistic: Statistic = mean,
    draws: int = DRAWS,
    seed: int = 0,
) -> tuple[float, float]:
    """Compute the 95 % interval of a statistic of all scores, by stratified bootstrap.

    Args:
        strata: Scores of the seeds, by task: each task's are drawn from by themselves.
        statistic: Function of the pooled scores.
        draws: Resamplings.
        seed: Of the random generator.

    Returns:
        The percentiles 2.5 and 97.5.
    """
    generator = np.random.default_rng(seed)
    resampled = [
        np.asarray(scores, float)[generator.integers(len(scores), size=(draws, len(scores)))]
        for scores in strata
    ]
    low, high = np.percentile(statistic(np.concatenate(resampled, axis=1)), (2.5, 97.5))
    return float(low), float(high)
