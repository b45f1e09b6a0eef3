"""Hygiene of axes and buttons: dead zones, drift, and buttons that were down from the start."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

ENTERS, LEAVES = 0.12, 0.06
"""Deflections at which an axis begins and ceases to mean something."""
REST = 0.06
"""Deflection below which an axis is at rest."""


class Axes:
    """The axes of a device, which mean nothing before each of them was seen at rest.

    A trigger that reads -1 or 1 until it is first moved, and a stick that was held down while it
    was plugged in, would move an arm by themselves. An axis begins to count beyond `ENTERS` and
    ceases below `LEAVES`, so that one that lies between, or drifts, does not flicker. What counts
    is stretched to go from 0 to 1.

    Args:
        rest: What each axis reads at rest: 0 in the middle of a stick, -1 of a trigger.

    Example:
        >>> axes = Axes([0.0, -1.0])
        >>> axes.read([0.8, 1.0]).tolist()  # never seen at rest
        [0.0, 0.0]
        >>> _ = axes.read([0.0, -1.0])
        >>> axes.read([0.8, 1.0]).round(2).tolist()
        [0.79, 1.0]
        >>> axes.read([0.08, -1.0]).round(3).tolist(), axes.read([0.05, -1.0]).tolist()
        ([0.021, 0.0], [0.0, 0.0])
        >>> axes.read([0.08, -1.0]).tolist()
        [0.0, 0.0]
    """

    def __init__(self, rest: Sequence[float]) -> None:
        self._rest = np.asarray(rest, np.float64)
        self.forget()

    def forget(self) -> None:
        """Forget everything, since the device was lost: each axis has to be seen at rest anew."""
        self._seen = np.zeros(self._rest.shape, bool)
        self._counts = np.zeros(self._rest.shape, bool)

    def read(self, values: Sequence[float]) -> np.ndarray:
        """Return the deflections from rest that count; anything that is no number is none."""
        away = (np.asarray(values, np.float64) - self._rest) / (1.0 + np.abs(self._rest))
        sane = np.isfinite(away)
        away = np.where(sane, away, 0.0)
        size = np.abs(away)
        self._seen |= sane & (size < REST)
        self._counts = self._seen & (size > np.where(self._counts, LEAVES, ENTERS))
        stretched = np.sign(away) * np.clip((size - LEAVES) / (1.0 - LEAVES), 0.0, 1.0)
        return np.where(self._counts, stretched, 0.0)


class Switch:
    """A button that gives a person the arms: held, or else pressed once for each change.

    A button that is down when it is first seen counts only after it was let go.

    Args:
        held: Whether it counts while it is held; or else each press changes it.

    Example:
        >>> switch = Switch()
        >>> [switch.read(down) for down in (True, False, True, True, False)]
        [False, False, True, True, False]
        >>> toggle = Switch(held=False)
        >>> [toggle.read(down) for down in (False, True, True, False, True)]
        [False, True, True, True, False]
    """

    def __init__(self, *, held: bool = True) -> None:
        self._held = held
        self.forget()

    def forget(self) -> None:
        """Let go, since the device was lost or an episode begins: it has to be pressed anew."""
        self.on, self._seen, self._down = False, False, False

    def read(self, down: bool) -> bool:
        """Return whether the person wants to have the arms."""
        self._seen = self._seen or not down
        if self._held:
            self.on = self._seen and down
        elif self._seen and down and not self._down:
            self.on = not self.on
        self._down = down
        return self.on
