"""Stacked observations of several workers: joined, and one environment's taken out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def joined(parts: Sequence[Any]) -> Any:
    """Join batches of observations: arrays, or mappings and tuples of arrays.

    >>> joined([{"state": np.zeros((2, 3))}, {"state": np.ones((1, 3))}])["state"].shape
    (3, 3)
    """
    first = parts[0]
    if isinstance(first, dict):
        return {name: np.concatenate([part[name] for part in parts]) for name in first}
    if isinstance(first, tuple):
        return tuple(np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return np.concatenate(parts)


def row(batch: Any, index: int) -> Any:
    """Return one environment's observation, copied.

    >>> row((np.arange(4), np.eye(4)), 2)[0].item()
    2
    """
    if isinstance(batch, dict):
        return {name: np.array(part[index]) for name, part in batch.items()}
    if isinstance(batch, tuple):
        return tuple(np.array(part[index]) for part in batch)
    return np.array(batch[index])
