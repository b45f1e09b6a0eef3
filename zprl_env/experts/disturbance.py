"""Disturbances of a demonstration: pushes and hesitations that the expert makes up for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

PUSH = 0.2  # standard deviation of a push at level 1, in actions' units
MEMORY = 0.9  # of a push from one control step to the next
HESITATIONS = 0.015  # how often per control step a hand stops at level 1
HESITATION = (5, 15)  # how long it does [control steps]


class Disturbance:
    """Random pushes and hesitations between the action that is meant and the one executed.

    Imitation of faultless demonstrations never sees what to do beside their path. Here the hands
    are pushed off it, and stop each for itself now and then, while what is recorded is the action
    that the expert meant at each state (DART: Laskey et al., "DART: Noise Injection for Robust
    Imitation Learning", 2017).

    Args:
        level: How strong and how often; 0 for nothing at all.
        hands: Which entries of the action move each hand.
        rng: Source of chance.
        absolute: Whether these say where a hand is to be: one that stops stays where it was sent
            last, instead of being told 0.

    Example:
        >>> meant = np.full(4, 0.5, np.float32)
        >>> Disturbance(0.0, [slice(0, 3)], np.random.default_rng(0))(meant)
        array([0.5, 0.5, 0.5, 0.5], dtype=float32)
        >>> executed = Disturbance(1.0, [slice(0, 3)], np.random.default_rng(0))(meant)
        >>> bool((executed[:3] != 0.5).all()), float(executed[3])
        (True, 0.5)
    """

    def __init__(
        self,
        level: float,
        hands: Sequence[slice],
        rng: np.random.Generator,
        *,
        absolute: bool = False,
    ) -> None:
        self._level, self._hands, self._rng, self._absolute = level, hands, rng, absolute
        self._last: np.ndarray | None = None
        self._pushes = [np.zeros(hand.stop - hand.start) for hand in hands]
        self._stopped = [0] * len(hands)

    def __call__(self, action: np.ndarray) -> np.ndarray:
        """Disturb an action of shape ``(A,)``; return the one to execute instead."""
        executed, last = np.array(action), self._last
        if self._level == 0.0:
            return executed
        for index, hand in enumerate(self._hands):
            push = self._rng.normal(0.0, self._level * PUSH, self._pushes[index].shape)
            self._pushes[index] *= MEMORY
            self._pushes[index] += np.sqrt(1.0 - MEMORY**2) * push
            if self._stopped[index] == 0 and self._rng.random() < self._level * HESITATIONS:
                self._stopped[index] = int(self._rng.integers(*HESITATION, endpoint=True))
            if self._stopped[index] > 0:
                self._stopped[index] -= 1
                executed[hand] = 0.0 if not self._absolute or last is None else last[hand]
            else:
                executed[hand] += self._pushes[index].astype(executed.dtype)
        self._last = np.clip(executed, -1.0, 1.0)
        return self._last.copy()
