"""The scripted expert for flip-egg: push the blade under it, lift, and roll the wrist."""

from __future__ import annotations

import numpy as np

from real.coordinates import POSITION, ROTATION
from real.experts.plan import Plan, PlanExpert
from real.sim.flip_egg import BLADE, PAN_FLOOR

PITCH = 0.12  # with which the blade's edge goes under the egg [rad]
ROLL = 2.3  # of the wrist [rad]


class FlipEggExpert(PlanExpert):
    """Put the blade down before the egg, push it under, lift, and roll the wrist.

    Args:
        task: The preset's name.
    """

    def __init__(self, task: str = "flip-egg") -> None:
        super().__init__(task)

    def _perform(self) -> Plan:
        for _ in range(max(1, self._quality.attempts)):
            yield from self._go(lambda: self._blade(-0.11, 0.06), tolerance=0.02)
            yield from self._go(lambda: self._blade(-0.11, 0.0), tolerance=0.008)
            yield from self._go(
                lambda: self._blade(0.01, 0.0), tolerance=0.01, patience=3.0, speed=0.5
            )
            yield from self._lift(0.05)
            yield from self._roll()
            yield from self._wait(0.5)
            yield from self._back()

    def _blade(self, ahead: float, height: float) -> np.ndarray:
        """The blade's middle so far beyond the egg's, and so high above the pan [m]."""
        egg, _ = self._object("egg")
        egg = self._misjudged(egg)
        goals = self.aims.copy()
        goals[0, ROTATION] = 0.0, -PITCH, 0.0
        goals[0, POSITION] = egg[0] + ahead - BLADE[0], egg[1], PAN_FLOOR + height + BLADE[2] + 0.02
        return goals

    def _lift(self, height: float) -> Plan:
        goals = self.aims.copy()
        goals[0, POSITION] += (0.0, 0.0, height)
        goals[0, ROTATION] = 0.0
        yield from self._go(lambda: goals, speed=0.6)

    def _roll(self) -> Plan:
        goals = self.aims.copy()
        goals[0, ROTATION] = ROLL, 0.0, 0.0
        yield from self._go(lambda: goals, tolerance=1.0, speed=3.0, patience=2.0)

    def _back(self) -> Plan:
        goals = self.aims.copy()
        goals[0, POSITION] += (0.0, 0.0, 0.12)
        yield from self._go(lambda: goals)
        goals = self._layout.home.copy()
        yield from self._go(lambda: goals)
