"""States as a policy is shown them, compared with those that it learned from."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from policies.encoding import Observations
from policies.meaning.ranges import Ranges
from policies.pictures.settings import STATE
from zprl_env.errors import TaskMismatchWarning

FAR = 1.5
"""Distance beyond a range, in its widths, from which a number is told to be far outside."""
SELDOM = 0.2
"""Share of states in which a number may be far outside: what has fallen off a table, perhaps."""
STILL = 0.015
"""Share of a range's width within which all of a number's values lie if it hardly moves: radians
take 1/57 of the width of degrees, at most. Of the shipped policies none goes below 0.16."""
CONSTANT_WIDTH = 3.0
"""Width that counts for a number that was constant: a network sees it divided by one."""
EPISODES, STATES = 10, 50
"""Episodes and states after which what hardly moves is told. After five, a cube that seldom tips
has not yet."""
MOST = 10_000
"""States after which no more are looked at, of episodes that do not end."""
SHOWN = 6
"""Numbers that a warning names."""
HINT = (
    "Compare units (degrees are 57 times radians, millimetres 1000 times metres, a gripper of 0 to "
    "100 100 times one of 0 to 1), order and offsets, and convert in the environment."
)


class Familiarity:
    """Comparison of what a policy is shown in its first episodes with its training data.

    It costs nothing once that is done, or where a policy has no ``observation_ranges``.

    Args:
        policy: The policy.

    Example:
        >>> from types import SimpleNamespace
        >>> of_radians = SimpleNamespace(observation_ranges=Ranges.between([-1.5], [1.5]))
        >>> watch = Familiarity(of_radians)
        >>> watch.note(np.array([[85.0]]))
        >>> watch.outside()
        ['number 0 is at 85, and was from -1.5 to 1.5']
    """

    def __init__(self, policy: Any) -> None:
        self._ranges = Ranges.of(policy, "observation")
        self._names = names_of(policy, 0 if self._ranges is None else len(self._ranges.low))
        self._seen: list[np.ndarray] = []
        self._begun = self._states = 0
        self._told_far = self._looked = False

    def begin(self, episodes: int) -> None:
        """Note that episodes begin."""
        self._begun += episodes

    def see(self, observations: Observations) -> None:
        """Look at what a policy is shown, and warn of it once: of the first states, then of more.

        Args:
            observations: As the policy is shown them, finite.

        Warns:
            TaskMismatchWarning: A number lies far outside of its range, or hardly moves in it; or
                a camera shows nothing.
        """
        if not self._looked and isinstance(observations, Mapping):
            self._looked = True
            if dark := black(observations):
                warnings.warn(f"{dark}.", TaskMismatchWarning, stacklevel=2)
        if self._ranges is None:
            return
        first = not self._seen
        self.note(observations)
        enough = self._begun > EPISODES and self._states >= STATES
        over = enough or self._states >= MOST
        if (first or over) and not self._told_far and (far := self.outside()):
            self._told_far = True
            _warn(f"lies far outside of what it was in training: {_few(far)}")
        if enough and (still := self.still(dead=False)):
            _warn(f"hardly moves, and did in training: {_few(still)}")
        if over:
            self._ranges, self._seen = None, []

    def note(self, observations: Observations) -> None:
        """Keep the newest states of a batch; a size that is not the ranges' ends the comparison."""
        if self._ranges is None:
            return
        shown = observations.get(STATE) if isinstance(observations, Mapping) else observations
        size = len(self._ranges.low)
        if shown is None or shown.ndim != 2 or shown.shape[1] % size:
            self._ranges = None
            return
        self._seen.append(np.array(shown[:, -size:], np.float64))
        self._states += len(shown)

    def outside(self) -> list[str]:
        """List the numbers that lie far outside of their range, and not seldom."""
        if self._ranges is None or not self._seen:
            return []
        low, high, _ = self._ranges
        seen = np.concatenate(self._seen)
        least, most = np.quantile(seen, (SELDOM, 1.0 - SELDOM), axis=0)
        with np.errstate(invalid="ignore"):
            width = np.where(high > low, high - low, CONSTANT_WIDTH)
            below, above = (beyond > FAR * width for beyond in (low - least, most - high))
        at, far = np.where(above, most, least), below | above
        return [
            f"{self._names[i]} is at {at[i]:.4g}, and was "
            + (f"always {low[i]:.4g}" if low[i] == high[i] else f"from {_span(low[i], high[i])}")
            for i in np.flatnonzero(far)
        ]

    def still(self, *, dead: bool = True) -> list[str]:
        """List the numbers that moved in training and hardly do here.

        Args:
            dead: Whether those are listed that do not move at all, such as a goal that is fixed
                or a sensor that nobody reads: their unit may well be right.
        """
        if self._ranges is None or not self._seen:
            return []
        low, high, moved = self._ranges
        seen = np.concatenate(self._seen)
        least, most = seen.min(0), seen.max(0)
        still = np.zeros(len(low), bool)
        still[moved] = (most - least)[moved] < STILL * (high - low)[moved]
        still &= dead | (most > least)
        return [
            f"{self._names[i]} is from {_span(least[i], most[i])}, and was "
            f"from {_span(low[i], high[i])}"
            for i in np.flatnonzero(still)
        ]


def black(observations: Mapping[str, np.ndarray]) -> str:
    """Say which cameras show nothing but bytes of 0 and 1; empty if none does.

    >>> black({"front": np.ones((1, 4, 4, 3), np.uint8), "state": np.ones((1, 2))})
    'Pictures must be bytes from 0 to 255. Got: 0 and 1 alone, of front: a covered camera, or ...
    """
    dark = [
        name
        for name, part in observations.items()
        if part.dtype == np.uint8 and part.ndim == 4 and part.max(initial=0) <= 1
    ]
    if not dark:
        return ""
    return (
        f"Pictures must be bytes from 0 to 255. Got: 0 and 1 alone, of {', '.join(dark)}: a "
        "covered camera, or pictures from 0 to 1 that were made bytes"
    )


def names_of(policy: Any, size: int) -> list[str]:
    """Return the names of a flat observation's numbers: a policy's own, or of its parts.

    >>> from types import SimpleNamespace
    >>> names_of(SimpleNamespace(metadata={"observation_keys": {"pose": 2, "width": 1}}), 3)
    ['pose[0]', 'pose[1]', 'width']
    """
    own = getattr(policy, "observation_names", None)
    if own is not None and len(own) == size:
        return [str(name) for name in own]
    metadata = getattr(policy, "metadata", None)
    parts = metadata.get("observation_keys") if isinstance(metadata, Mapping) else None
    if isinstance(parts, Mapping) and sum(parts.values()) == size:
        return [
            f"{name}[{index}]" if width > 1 else str(name)
            for name, width in parts.items()
            for index in range(width)
        ]
    return [f"number {index}" for index in range(size)]


def _span(low: float, high: float) -> str:
    return f"{low:.4g} to {high:.4g}"


def _few(told: list[str]) -> str:
    more = len(told) - SHOWN
    return "; ".join(told[:SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _warn(told: str) -> None:
    warnings.warn(f"What the policy is shown {told}. {HINT}", TaskMismatchWarning, stacklevel=2)
