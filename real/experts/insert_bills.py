"""The scripted expert for insert-bills: one hand opens the wallet, the other puts them in."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np

from real.experts.plan import CLOSED, OPEN, Plan, PlanExpert
from real.sim.insert_bills import DEPTH, LEANING, POCKET, TAB
from real.tasks.coordinates import POSITION

LEFT, RIGHT = 0, 1
HINGE = np.array([0.0, DEPTH / 2 + POCKET[1], 0.004])  # of the flap, from the wallet [m]
OPENED = 0.45  # angle of the flap while it is held [rad]
GRASP = np.array([0.0, 0.0, 0.028])  # from their middle, above their stand [m]
SLOT = np.array([-0.015, 0.008, 0.0])  # where they go in, from the wallet [m]
CARRIED, RELEASED = 0.20, 0.10  # heights of the hand [m]
RELEASE = 0.4  # opening that lets go of them and fits between wallet and other hand
HELD = 0.06  # distance from them up to which the hand has them [m]
UP = np.array([0.0, 0.0, 0.09])


class InsertBillsExpert(PlanExpert):
    """Expert for insert-bills: open the wallet by its tab, put the bills in from above, let go.

    Who has lifted an empty hand goes back for the bills at once; the other hand holds the wallet.

    Args:
        task: The preset's name.
    """

    HANDS: ClassVar = (slice(0, 3), slice(8, 11))
    ABSOLUTE = True

    def __init__(self, task: str = "insert-bills") -> None:
        super().__init__(task)

    def _perform(self) -> Plan:
        yield from self._go(self._at(self._tab(LEANING, UP), self._bills(UP)), tolerance=0.02)
        yield from self._go(self._at(self._tab(LEANING, 0.0), self._bills(0.0)))
        self.aims[LEFT, -1] = CLOSED
        for _ in range(max(1, self._quality.attempts)):
            yield from self._grip(RIGHT, CLOSED)
            yield from self._go(self._at(self._tab(OPENED, 0.0), self._bills_up()), patience=2.0)
            if self._holds_the_bills():
                yield from self._put_in()
            yield from self._grip(RIGHT, OPEN)
            yield from self._go(self._at(None, self._bills(UP)), tolerance=0.02, hand=RIGHT)
            yield from self._go(self._at(None, self._bills(0.0)), hand=RIGHT)

    def _put_in(self) -> Plan:
        """Put the bills that the right hand holds into the wallet that the left one holds open."""
        yield from self._go(self._at(None, self._slot(CARRIED)), hand=RIGHT)
        yield from self._go(self._at(None, self._slot(RELEASED)), tolerance=0.006, hand=RIGHT)
        yield from self._grip(RIGHT, RELEASE)
        yield from self._go(self._at(None, self._slot(CARRIED)), patience=2.0, hand=RIGHT)

    def _holds_the_bills(self) -> bool:
        """Tell whether the bills are where the right hand is, which has lifted them if so."""
        return bool(np.linalg.norm(self._hands()[RIGHT] - self._object("bills")[0]) < HELD)

    def _at(
        self, left: Callable[[], np.ndarray] | None, right: Callable[[], np.ndarray]
    ) -> Callable[[], np.ndarray]:
        """Return goals with the hands at these positions [m]; the left one holds still if None."""

        def goals() -> np.ndarray:
            there = self.aims.copy()
            if left is not None:
                there[LEFT, POSITION] = left()
            there[RIGHT, POSITION] = right()
            return there

        return goals

    def _tab(self, angle: float, above: np.ndarray | float) -> Callable[[], np.ndarray]:
        """Return goals at the wallet's tab with the flap at an angle [rad], and above it."""
        turned = np.array([TAB[0], TAB[2] * np.sin(angle), TAB[2] * np.cos(angle)])
        return lambda: self._object("wallet")[0] + HINGE + turned + above

    def _bills(self, above: np.ndarray | float) -> Callable[[], np.ndarray]:
        return lambda: self._misjudged(self._object("bills")[0] + GRASP) + above

    def _bills_up(self) -> Callable[[], np.ndarray]:
        start = self._hands()[RIGHT].copy()
        return lambda: np.array([*start[:2], CARRIED])

    def _slot(self, height: float) -> Callable[[], np.ndarray]:
        """Return the hand's goals for the bills to be above the slot, however they are held."""

        def hand() -> np.ndarray:
            beside = self._hands()[RIGHT] - self._object("bills")[0]
            beside[:2] *= float(np.linalg.norm(beside) < HELD)  # nothing to correct if not held
            goal = self._object("wallet")[0] + SLOT + beside
            return np.array([*goal[:2], height])

        return hand
