"""The scripted expert for flip-egg: push the blade under it, lift, and roll the wrist."""

from __future__ import annotations

import numpy as np

from real.experts.plan import Plan, PlanExpert
from real.sim.flip_egg import BLADE, BLADE_HALF, PAN_FLOOR
from real.tasks import rotation
from real.tasks.coordinates import POSITION, ROTATION

PITCH = 0.2  # with which the blade's edge goes under the egg [rad]
DEEPEST = 0.075  # where the blade's middle comes no nearer to the pan's far rim [m]
LEVEL = PITCH  # with which the egg is carried; level, the wrist would be singular [rad]
BESIDE = np.array([-0.19, 0.045])  # the hand, from the pan's middle, when it rolls [m]
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
            yield from self._go(lambda: self._blade(-0.11, 0.003), tolerance=0.008)
            yield from self._go(
                lambda: self._blade(0.02, 0.003), tolerance=0.01, patience=3.0, speed=0.5
            )
            yield from self._lift(0.05)
            yield from self._roll()
            yield from self._wait(0.5)
            yield from self._back()

    def _blade(self, ahead: float, height: float) -> np.ndarray:
        """Return goals of the blade: its middle beyond the egg's, its edge above the pan [m]."""
        egg = self._misjudged(self._object("egg")[0])
        cosine, sine = np.cos(PITCH), np.sin(PITCH)
        forward = cosine * BLADE[0] - sine * BLADE[2]
        down = sine * (BLADE[0] + BLADE_HALF[0]) + cosine * BLADE[2]
        goals = self.aims.copy()
        goals[0, ROTATION] = 0.0, -PITCH, 0.0
        middle = min(egg[0] + ahead, self._object("pan")[0][0] + DEEPEST)
        goals[0, POSITION] = middle - forward, egg[1], PAN_FLOOR + height + down
        return goals

    def _lift(self, height: float) -> Plan:
        """Raise the egg, level it, and take it to where it falls into the pan's middle."""
        goals = self.aims.copy()
        goals[0, POSITION] += (0.0, 0.0, height)
        goals[0, ROTATION] = 0.0, -LEVEL, 0.0
        yield from self._go(lambda: goals, speed=0.6)
        goals[0, POSITION][:2] = self._object("pan")[0][:2] + BESIDE
        yield from self._go(lambda: goals, speed=0.6)

    def _roll(self) -> Plan:
        pitched = rotation.from_vector(np.array([0.0, -LEVEL, 0.0]))
        for angle in np.linspace(0.0, ROLL, 11)[1:]:
            goals = self.aims.copy()
            rolled = rotation.multiply(pitched, rotation.from_vector(np.array([angle, 0.0, 0.0])))
            goals[0, ROTATION] = rotation.to_vector(rolled)
            yield self._towards(goals, 3.0)

    def _back(self) -> Plan:
        goals = self.aims.copy()
        goals[0, POSITION] += (0.0, 0.0, 0.12)
        yield from self._go(lambda: goals)
        goals = self._layout.home.copy()
        yield from self._go(lambda: goals)
