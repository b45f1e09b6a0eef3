"""Batches of observations: flat states as one array, or states and cameras' pictures by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from policies.encoding import Observations
from policies.finite import all_finite
from zprl_env.errors import SimulationError


def single(observation: Any) -> Observations:
    """Return one observation as a batch of one.

    >>> single(np.zeros(3)).shape, single({"state": np.zeros(3)})["state"].shape
    ((1, 3), (1, 3))
    """
    if isinstance(observation, Mapping):
        return {name: np.asarray(part)[np.newaxis] for name, part in observation.items()}
    return np.asarray(observation)[np.newaxis]


def stacked(observations: Sequence[Any] | np.ndarray) -> Observations:
    """Return observations of one kind, at least one, as a batch.

    >>> stacked([{"state": np.zeros(3)}] * 2)["state"].shape
    (2, 3)
    """
    first = observations[0]
    if isinstance(first, Mapping):
        return {name: np.stack([seen[name] for seen in observations]) for name in first}
    return np.asarray(observations)


def rows(batch: Observations, chosen: Any) -> Observations:
    """Return some rows of a batch, copied.

    Args:
        batch: The batch.
        chosen: A slice, or numbers of rows.
    """
    if isinstance(batch, Mapping):
        return {name: np.array(np.asarray(part)[chosen]) for name, part in batch.items()}
    return np.array(np.asarray(batch)[chosen])


def length(batch: Observations) -> int:
    """Return the number of observations in a batch.

    >>> length({"state": np.zeros((4, 3))})
    4
    """
    return len(next(iter(batch.values())) if isinstance(batch, Mapping) else batch)


def copied(observation: Any) -> Any:
    """Return a copy of an observation that later steps cannot change.

    >>> copied({"state": np.zeros(2)})
    {'state': array([0., 0.])}
    """
    if isinstance(observation, Mapping):
        return {name: np.array(part) for name, part in observation.items()}
    return np.array(observation)


def equal(one: Any, other: Any) -> bool:
    """Tell whether two observations or batches are the same.

    >>> equal({"state": np.zeros(3)}, {"state": np.zeros(3)}), equal(np.zeros(3), np.ones(3))
    (True, False)
    """
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(np.array_equal(one[k], other[k]) for k in one)
    return np.array_equal(one, other)


def shapes(batch: Observations) -> str:
    """Return a batch's shapes in words, for errors.

    >>> shapes({"state": np.zeros((4, 3))}), shapes(np.zeros((4, 3)))
    ('state (4, 3)', '(4, 3)')
    """
    if isinstance(batch, Mapping):
        return " and ".join(f"{name} {np.shape(part)}" for name, part in batch.items())
    return str(np.shape(batch))


def checked(batch: Observations) -> Observations:
    """Return a batch as policies take it: numbers as float32, pictures as they are.

    Raises:
        SimulationError: A number is not finite.
    """
    if isinstance(batch, Mapping):
        parts = {name: np.asarray(part) for name, part in batch.items()}
        return {
            name: part if part.dtype == np.uint8 else _numbers(part, f"{name} at ")
            for name, part in parts.items()
        }
    return _numbers(np.asarray(batch))


def _numbers(array: np.ndarray, where: str = "") -> np.ndarray:
    if not all_finite(array):
        raise SimulationError(
            f"Expected finite observations. Got: NaN or infinity at {where}(row, index) "
            f"{np.argwhere(~np.isfinite(array))[:4].tolist()}. The simulation diverged."
        )
    return np.asarray(array, dtype=np.float32)
