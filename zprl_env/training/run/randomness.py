"""Save and restore the global random generators, which Stable-Baselines3 draws from, as JSON."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch


def capture() -> dict[str, Any]:
    """Return the state of Python's, NumPy's and torch's random generators, for :func:`restore`.

    >>> state = capture()
    >>> first = random.random(), torch.rand(1).item()
    >>> restore(state)
    >>> first == (random.random(), torch.rand(1).item())
    True
    """
    name, keys, *rest = np.random.get_state()  # noqa: NPY002
    return {
        "python": random.getstate(),
        "numpy": [name, np.asarray(keys).tolist(), *rest],
        "torch": bytes(torch.get_rng_state().numpy()).hex(),
    }


def restore(state: dict[str, Any]) -> None:
    """Restore Python's, NumPy's and torch's random generators from a state of :func:`capture`.

    Raises:
        KeyError, TypeError, ValueError: It is no such state.
    """
    version, numbers, gauss = state["python"]
    random.setstate((version, tuple(numbers), gauss))
    name, keys, *rest = state["numpy"]
    np.random.set_state((name, np.array(keys, np.uint32), *rest))  # noqa: NPY002
    torch.set_rng_state(torch.frombuffer(bytearray.fromhex(state["torch"]), dtype=torch.uint8))


def check(state: dict[str, Any]) -> None:
    """Check that a state can be restored; the generators are left as they are.

    Raises:
        KeyError, TypeError, ValueError: It is no state of :func:`capture`.
    """
    before = capture()
    try:
        restore(state)
    finally:
        restore(before)
