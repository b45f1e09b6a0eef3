"""Fault injection for the simulated robot: frozen, stale, disconnected, rejecting, reflexes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np

from zprl_env.errors import ConfigurationError, UnknownNameError

FaultKind: TypeAlias = Literal[
    "freeze",
    "stale",
    "disconnect",
    "reject",
    "reflex",
    "no-picture",
    "black-picture",
    "frozen-picture",
]
BLIND: tuple[FaultKind, ...] = ("no-picture", "black-picture", "frozen-picture")
"""Faults of the cameras."""


@dataclass(frozen=True)
class Fault:
    """One fault of an episode: its kind, beginning, duration and probability.

    Attributes:
        kind: ``"freeze"``: measurements have new stamps and old content. ``"stale"``: no new
            measurement arrives. ``"disconnect"``: nothing can be had or told until somebody
            connects again afterwards. ``"reject"``: commands are refused. ``"reflex"``: the robot's
            own protection holds the arms, until somebody connects again. ``"no-picture"``: cameras
            give none, ``"black-picture"``: black ones, ``"frozen-picture"``: always the last.
        after: When it begins, from the laying out of the scene [s].
        duration: How long it lasts [s].
        probability: In which share of the episodes it happens.

    Example:
        >>> Fault("freeze", after=-1.0)
        Traceback (most recent call last):
        ...
        policies.errors.ConfigurationError: after must be at least 0. Got: -1.0.
    """

    kind: FaultKind
    after: float = 0.0
    duration: float = math.inf
    probability: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in get_args(FaultKind):
            raise UnknownNameError("fault", self.kind, get_args(FaultKind))
        if not self.after >= 0.0:
            raise ConfigurationError(f"after must be at least 0. Got: {self.after}.")
        if not self.duration > 0.0:
            raise ConfigurationError(f"duration must be above 0. Got: {self.duration}.")
        if not 0.0 <= self.probability <= 1.0:
            raise ConfigurationError(f"probability must lie in [0, 1]. Got: {self.probability}.")


class FaultSchedule:
    """The faults of the present episode.

    Args:
        faults: What may go wrong in every episode.

    Example:
        >>> schedule = FaultSchedule([Fault("reject", after=1.0, duration=0.5)])
        >>> schedule.draw(np.random.default_rng(0), now=10.0)
        >>> schedule.active("reject", 10.9), schedule.active("reject", 11.2)
        (False, True)
    """

    def __init__(self, faults: Sequence[Fault] = ()) -> None:
        self._faults = tuple(faults)
        self._spans: list[tuple[FaultKind, float, float]] = []

    def draw(self, rng: np.random.Generator, now: float) -> None:
        """Begin an episode: draw its faults.

        Args:
            rng: Source of chance.
            now: When it begins [s].
        """
        self._spans = [
            (fault.kind, now + fault.after, now + fault.after + fault.duration)
            for fault in self._faults
            if rng.random() < fault.probability
        ]

    def begin(self, kind: FaultKind, now: float, duration: float) -> None:
        """Begin a fault now."""
        fault = Fault(kind, duration=duration)
        self._spans.append((fault.kind, now, now + fault.duration))

    def active(self, kind: FaultKind, now: float) -> bool:
        """Tell whether a fault is there now [s]."""
        return any(kind == k and start <= now < end for k, start, end in self._spans)

    def end(self, kind: FaultKind) -> None:
        """End a fault for the rest of the episode."""
        self._spans = [span for span in self._spans if span[0] != kind]
