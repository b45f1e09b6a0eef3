"""The scripted expert for open-box: one hand holds it by the handle, the other lifts the lid."""

from __future__ import annotations

import numpy as np

from real.experts.plan import CLOSED, OPEN, Plan, PlanExpert
from real.sim.open_box import HANDLE, KNOB, OPEN_ANGLE
from real.tasks.coordinates import GRIPPER, POSITION, ROTATION

LEFT, RIGHT = 0, 1
ABOVE = np.array([0.0, 0.0, 0.09])  # from where a hand goes down [m]
AHEAD = 0.3  # how far the hand aims ahead of the lid on its arc [rad]


class OpenBoxExpert(PlanExpert):
    """Hold the box by its handle, take the lid by its knob, and lead it along its arc.

    Args:
        task: The preset's name.
    """

    def __init__(self, task: str = "open-box") -> None:
        super().__init__(task)

    def _perform(self) -> Plan:
        for _ in range(max(1, self._quality.attempts)):
            yield from self._go(lambda: self._goals(ABOVE, ABOVE), tolerance=0.02)
            yield from self._go(lambda: self._goals(0.0, ABOVE), tolerance=0.008)
            yield from self._grip(LEFT, CLOSED)
            yield from self._go(lambda: self._goals(None, 0.0), tolerance=0.008)
            yield from self._grip(RIGHT, CLOSED)
            yield from self._go(self._along_the_arc, tolerance=0.0, patience=6.0, speed=0.6)
            yield from self._grip(RIGHT, OPEN)
            yield from self._grip(LEFT, OPEN)

    def _goals(self, left: np.ndarray | float | None, right: np.ndarray | float) -> np.ndarray:
        """Return goals at handle and knob, or beside them by so much [m]; None holds still."""
        (box, turn), (lid, lid_turn) = self._object("box"), self._object("lid")
        goals = self.aims.copy()
        yaw = float(np.arctan2(turn[1, 0], turn[0, 0]))
        goals[:, ROTATION] = 0.0, 0.0, -yaw
        if left is not None:
            goals[LEFT, POSITION] = self._misjudged(box + turn @ HANDLE) + left
        else:
            goals[LEFT] = self.aims[LEFT]
        goals[RIGHT, POSITION] = self._misjudged(lid + lid_turn @ KNOB) + right
        return goals

    def _along_the_arc(self) -> np.ndarray:
        (_, turn), (lid, lid_turn) = self._object("box"), self._object("lid")
        opened = turn.T @ lid_turn
        angle = float(np.arctan2(-opened[2, 0], opened[0, 0]))
        ahead = min(angle + AHEAD, OPEN_ANGLE + AHEAD)
        cosine, sine = np.cos(ahead), np.sin(ahead)
        knob = np.array([cosine * KNOB[0] + sine * KNOB[2], 0.0, cosine * KNOB[2] - sine * KNOB[0]])
        goals = self.aims.copy()
        goals[RIGHT, POSITION] = lid + turn @ knob
        goals[RIGHT, GRIPPER] = CLOSED
        return goals
