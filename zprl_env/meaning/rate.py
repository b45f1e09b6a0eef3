"""Rates of control: how often a policy's data had a step, and how often an environment has one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import gymnasium as gym

NEAR = 0.02
"""Relative difference up to which two rates are one: 29.97 and 30."""


def trained_rate(policy: object) -> float | None:
    """Return the steps per second of a policy's training data; None if it does not say.

    >>> from types import SimpleNamespace
    >>> trained_rate(SimpleNamespace(metadata={"rate": 30}))
    30.0
    """
    metadata = getattr(policy, "metadata", None)
    return _number(metadata.get("rate")) if isinstance(metadata, Mapping) else None


def control_rate(env: gym.Env) -> float | None:
    """Return the steps per second of an environment; None if it does not say.

    It is what a simulator calls ``control_freq``, ``control_hz`` or ``dt``, and else the rate of
    its films, which most count as one picture per step. A ``dt`` of several steps per picture is
    that of the physics.

    >>> control_rate(gym.make("Pendulum-v1"))
    20.0
    """
    inner: Any = env.unwrapped
    for name in ("control_freq", "control_hz"):
        if (rate := _number(getattr(inner, name, None))) is not None:
            return rate
    films = _number((getattr(inner, "metadata", None) or {}).get("render_fps"))
    step = _number(getattr(inner, "dt", None))
    if step is None or (films is not None and 1.0 / step >= 2.0 * films):
        return films
    return 1.0 / step


def same_rate(one: float, other: float) -> bool:
    """Tell whether two rates are one.

    >>> same_rate(29.97, 30.0), same_rate(20.0, 30.0)
    (True, False)
    """
    return math.isclose(one, other, rel_tol=NEAR)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        return None
    return float(value)
