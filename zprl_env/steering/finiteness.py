"""Finiteness of what an environment returns, checked at the step at which it enters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from policies.finite import all_finite
from policies.success import SUCCESS
from zprl_env.errors import SimulationError

LARGEST = float(np.finfo(np.float32).max)
"""Largest number that a replay buffer of float32 holds; beyond it is infinity."""

_FLOATS = (float, np.floating)


def check_step(reward: Any, info: Mapping[str, Any], step: int) -> None:
    """Refuse a reward or a report of success that is not finite: one of them spoils an agent.

    Args:
        reward: The step's.
        info: The step's.
        step: Its number in the episode, from 1.

    Raises:
        SimulationError: One is NaN, infinite or too large for float32.

    >>> check_step(1.0, {}, 1)
    >>> check_step(float("nan"), {}, 12)
    Traceback (most recent call last):
    zprl_env.errors.SimulationError: Expected a finite reward. Got: nan at step 12 of the ...
    """
    _check("reward", float(reward), step)
    for name in SUCCESS:
        if name in info and isinstance(info[name], _FLOATS):
            _check(name, float(info[name]), step)


def _check(name: str, value: float, step: int) -> None:
    if not abs(value) <= LARGEST:
        raise SimulationError(
            f"Expected a finite {name}. Got: {value} at step {step} of the episode. "
            f"Nothing was learned from it; see what the environment's step() returns there."
        )


def check_observation(observation: Any, step: int) -> None:
    """Refuse an observation that is not finite; of kinds other than arrays nothing is said.

    Args:
        observation: What follows from a chunk.
        step: Number in the episode of its last step.

    Raises:
        SimulationError: NaN or infinity is in it, or what is infinity in float32.
    """
    if isinstance(observation, Mapping):
        for part in observation.values():
            check_observation(part, step)
    if not isinstance(observation, np.ndarray) or observation.dtype.kind != "f":
        return
    if not (all_finite(observation) and float(np.abs(observation).max(initial=0.0)) <= LARGEST):
        bad = np.argwhere(~(np.abs(observation) <= LARGEST))[:4].ravel().tolist()
        raise SimulationError(
            f"Expected finite observations. Got: NaN or infinity at index {bad} after step {step} "
            f"of the episode. The simulation diverged."
        )
