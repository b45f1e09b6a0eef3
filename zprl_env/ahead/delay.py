"""Delay of a decision, in actions: stated beforehand, and held against what is measured."""

from __future__ import annotations

import math
from collections import deque
from typing import Literal, TypeAlias, get_args

import numpy as np

from zprl_env.errors import ConfigurationError

Inference: TypeAlias = Literal["sync", "ahead"]
"""Time of a decision: while the robot waits, or ahead, while it moves."""
WARM_UP = 5
"""Decisions that are left out of the measurement: the first ones compile, allocate and load."""
WINDOW = 200
"""Decisions that are remembered: an outlier is forgotten after as many."""
ENOUGH = 20
"""Decisions after which a percentile says something."""
USUAL = 1.0 / 15.0
"""Delay where none is stated, in whole actions [s]: about what a flow policy takes on a CPU."""


def stated_delay(inference: str | None, delay: int | None, rate: float) -> int:
    """Return the delay that an environment declares, in actions; 0 if it waits for decisions.

    Args:
        inference: One of `Inference`; None is ``"sync"``.
        delay: The delay that is asked for; None is the usual one.
        rate: Actions per second [Hz].

    Raises:
        ConfigurationError: There is no such inference, or the delay is impossible.

    >>> stated_delay("sync", None, 30), stated_delay("ahead", None, 30), stated_delay("ahead", 4, 9)
    (0, 2, 4)
    """
    inference = inference or "sync"
    if inference not in get_args(Inference):
        raise ConfigurationError(
            f"inference must be one of {', '.join(get_args(Inference))}. Got: {inference!r}."
        )
    if inference == "sync":
        if delay is not None:
            raise ConfigurationError(
                f"delay must come with inference='ahead'. Got: {delay} with 'sync', which waits "
                f"for every decision. Leave it out."
            )
        return 0
    if delay is not None and (isinstance(delay, bool) or not isinstance(delay, int) or delay < 1):
        raise ConfigurationError(
            f"delay must be a number of actions, at least 1. Got: {delay!r}. Take the time that a "
            f"decision takes, 99 times of 100, times the rate of {rate:g} Hz, rounded up."
        )
    return max(1, math.ceil(USUAL * rate - 1e-9)) if delay is None else delay


def check_delay(delay: int, n_action_steps: int, horizon: int) -> None:
    """Refuse a delay that a chunk has no room for: delay <= executed steps <= horizon - delay.

    A shorter chunk would be over before the next one is decided, and a longer one would have
    nothing left to go on with.

    Args:
        delay: Actions that are executed while the next chunk is decided.
        n_action_steps: Actions between two decisions.
        horizon: Actions of a chunk.

    Raises:
        ConfigurationError: It has not.

    >>> check_delay(2, 10, 16)
    >>> check_delay(8, 10, 16)
    Traceback (most recent call last):
    policies.errors.ConfigurationError: a delay must leave delay <= n_action_steps <= horizon ...
    """
    if wrong := impossible(delay, n_action_steps, horizon):
        raise ConfigurationError(wrong)


def impossible(delay: int, n_action_steps: int, horizon: int) -> str:
    """Say why a chunk has no room for a delay; empty if it has. See :func:`check_delay`."""
    if not delay or delay <= n_action_steps <= horizon - delay:
        return ""
    most = horizon // 2
    advice = (
        f"Try n_action_steps from {delay} to {horizon - delay}."
        if delay <= most
        else f"A horizon of {horizon} has room for {most}: take a quicker policy, a longer "
        "horizon or a lower rate."
    )
    return (
        f"a delay must leave delay <= n_action_steps <= horizon - delay. Got: delay {delay}, "
        f"n_action_steps {n_action_steps}, horizon {horizon}. {advice}"
    )


class Latency:
    """Time that decisions take, from observation to chunk: its 99th percentile over a window.

    The first decisions are left out, since they are slow only once.

    Args:
        period: Time of an action [s].

    Example:
        >>> latency = Latency(period=0.1)
        >>> for seconds in [3.0, 1.0] + 50 * [0.12]:
        ...     latency.add(seconds)
        >>> latency.needed
        2
    """

    def __init__(self, period: float) -> None:
        self._period = period
        self._seen = 0
        self._window: deque[float] = deque(maxlen=WINDOW)

    def add(self, seconds: float) -> None:
        """Note a decision [s]."""
        self._seen += 1
        if self._seen > WARM_UP:
            self._window.append(seconds)

    @property
    def p99(self) -> float | None:
        """99th percentile [s]; None before there are enough."""
        if len(self._window) < ENOUGH:
            return None
        return float(np.percentile(self._window, 99))

    @property
    def needed(self) -> int | None:
        """Delay that would be enough for it, in actions; None before there are enough."""
        p99 = self.p99
        return None if p99 is None else max(1, math.ceil(p99 / self._period))
