"""Statistics of a LeRobotDataset's features, as LeRobot normalises by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from policies.pictures.frames import Frames, spread

QUANTILES = {"q01": 0.01, "q10": 0.1, "q50": 0.5, "q90": 0.9, "q99": 0.99}
"""Quantiles that LeRobot keeps, by name."""
SAMPLED = 100
"""Frames of an episode that are looked at, at most."""
Stats = dict[str, np.ndarray]


def vector_stats(values: np.ndarray) -> Stats:
    """Return the statistics of numbers over their steps.

    Args:
        values: Shape ``(T, *shape)``, or ``(T,)`` for a single number.

    >>> vector_stats(np.array([[0.0], [2.0]]))["mean"]
    array([1.])
    """
    values = values[:, None] if values.ndim == 1 else values
    numbers = values.astype(np.float64)
    return {
        "min": values.min(0),
        "max": values.max(0),
        "mean": numbers.mean(0),
        "std": numbers.std(0),
        "count": np.array([len(values)]),
        **{name: np.quantile(numbers, share, axis=0) for name, share in QUANTILES.items()},
    }


def sampled_frames(frames: Frames, most: int = SAMPLED) -> np.ndarray:
    """Return evenly spread frames, thinned out where they are large. Shape ``(n, h, w, 3)``."""
    thin = max(1, max(frames.shape[1:3]) // 150)
    return np.stack([np.asarray(frames[i])[::thin, ::thin] for i in spread(len(frames), most)])


def picture_stats(frames: np.ndarray) -> Stats:
    """Return the statistics of frames by channel, from 0 to 1. Shape ``(3, 1, 1)`` each.

    Args:
        frames: Shape ``(n, h, w, 3)``, uint8.
    """
    # Of 256 values each, their numbers say it all; no frame is made float.
    counts = np.stack([np.bincount(frames[..., c].ravel(), minlength=256) for c in range(3)])
    values, total = np.arange(256) / 255.0, counts.sum(1)
    mean = counts @ values / total
    std = np.sqrt(np.maximum(counts @ values**2 / total - mean**2, 0.0))
    ranks = np.cumsum(counts, axis=1)

    def quantile(share: float) -> np.ndarray:
        wanted = np.maximum(np.ceil(share * total), 1)
        return values[(ranks >= wanted[:, None]).argmax(1)]

    found = {
        "min": values[(counts > 0).argmax(1)],
        "max": values[255 - (counts[:, ::-1] > 0).argmax(1)],
        "mean": mean,
        "std": std,
        **{name: quantile(share) for name, share in QUANTILES.items()},
    }
    shaped = {name: array[:, None, None] for name, array in found.items()}
    return {**shaped, "count": np.array([len(frames)])}


def together(parts: Sequence[Stats]) -> Stats:
    """Return the statistics of all episodes from those of each.

    Means and deviations are exact; quantiles are averages, as LeRobot's own are.

    >>> one, two = vector_stats(np.array([[0.0]])), vector_stats(np.array([[2.0], [4.0]]))
    >>> together([one, two])["mean"], together([one, two])["count"]
    (array([2.]), array([3]))
    """
    counts = np.array([int(part["count"][0]) for part in parts])
    shape = (len(parts), *([1] * parts[0]["mean"].ndim))
    weights = (counts / counts.sum()).reshape(shape)
    means = np.stack([part["mean"] for part in parts])
    variances = np.stack([part["std"] ** 2 for part in parts])
    mean = (weights * means).sum(0)
    found = {
        "min": np.min([part["min"] for part in parts], axis=0),
        "max": np.max([part["max"] for part in parts], axis=0),
        "mean": mean,
        "std": np.sqrt((weights * (variances + (means - mean) ** 2)).sum(0)),
        "count": np.array([counts.sum()]),
    }
    for name in QUANTILES:
        found[name] = (weights * np.stack([part[name] for part in parts])).sum(0)
    return found


def as_json(stats: Mapping[str, Stats]) -> dict[str, Any]:
    """Return statistics as values of JSON."""
    return {
        name: {kind: values.tolist() for kind, values in kinds.items()}
        for name, kinds in stats.items()
    }
