"""The scripted expert for robosuite's NutAssembly tasks: put a nut over its peg."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from zprl_env.errors import UnknownNameError
from zprl_env.experts.robosuite.arm import CLOSED, OPEN, Plan, wrapped
from zprl_env.experts.robosuite.manipulation import UP, ManipulationExpert

PEG_TOP = 0.95  # above the floor of the room [m]
CLEARANCE = 0.035  # between the peg and the nut carried above it [m]
ASKEW = 0.4  # of what is left of a turn towards a cube, since a handle slips out of a hand askew
WEDGED_GAP = 0.06  # fingers on the handle are nearer to each other; on the frame they are not [m]
ENGAGED = 0.02  # how deep a nut is over its peg when it is let go [m]


class Nut(NamedTuple):
    """Sizes and places of one of robosuite's nuts and of its peg.

    Attributes:
        handle: Distance from the hole's middle along the nut's x axis at which the handle is
            grasped. [m]
        symmetry: Turn about the vertical after which the hole fits again; 0 where it always
            does. [rad]
        peg: Where the peg stands; x, y. [m]
        middle: About where the nut lies at first; x, y. [m]
    """

    handle: float
    symmetry: float
    peg: tuple[float, float]
    middle: tuple[float, float]


NUTS = {
    "NutAssemblySquare": Nut(0.06, np.pi / 2, (0.23, 0.1), (-0.11, 0.17)),
    "NutAssemblyRound": Nut(0.06, 0.0, (0.23, -0.1), (-0.11, -0.17)),
}
"""The nuts by the name of their task."""


class NutAssemblyExpert(ManipulationExpert):
    """Expert for NutAssembly: grasp the nut's handle, bring the hole over the peg, let go.

    Args:
        task: A key of `NUTS`, such as ``"NutAssemblySquare"``.

    Raises:
        UnknownNameError: If the task is none of robosuite's with a single nut.

    Example:
        >>> from zprl_env.experts.quality import Quality
        >>> expert = NutAssemblyExpert("NutAssemblySquare")
        >>> expert.reset(Quality())
        >>> observation = {
        ...     "robot0_eef_pos": np.array([-0.11, 0.17, 1.0]),
        ...     "robot0_eef_quat": np.array([1.0, 0.0, 0.0, 0.0]),
        ...     "robot0_gripper_qpos": np.array([0.04, -0.04]),
        ...     "object": np.array([0.0] * 7 + [-0.11, 0.17, 0.83, 0.0, 0.0, 0.0, 1.0]),
        ... }
        >>> expert.act(observation)[0] > 0.0  # the hand is above the hole, the handle beside it
        True
    """

    POSITION = slice(7, 10)
    ORIENTATION = slice(10, 14)
    DISPLACEMENT_SCALE = 0.3
    ERROR_SCALE = 0.7
    PLACING_SCALE = 0.4  # of the error with which the peg is seen: it leaves 7 mm around it

    def __init__(self, task: str) -> None:
        if task not in NUTS:
            raise UnknownNameError("task with a nut", task, NUTS)
        super().__init__(task)
        self._nut = NUTS[task]
        self.MIDDLE = self._nut.middle

    def _deliver(self) -> Plan:
        for _ in range(2):
            if not (yield from self._carry(self._raised, tolerance=0.03)):
                return
            if not (yield from self._carry(self._over_peg, tolerance=0.004, turn=self._fit)):
                return
            yield from self._lower()
            if self._object()[2] < PEG_TOP - ENGAGED / 2:
                break
            self._blindness *= 1.0 - self._quality.correction
        yield from self._stay(OPEN, 10)

    def _lower(self) -> Plan:
        for _ in range(20):
            if self._object()[2] < PEG_TOP - ENGAGED or not self._holds():
                return
            yield from self._move(
                lambda: self._placed(PEG_TOP - ENGAGED - 0.02), CLOSED, at_most=1, turn=self._fit
            )

    def _raised(self) -> np.ndarray:
        return self._hand() + (PEG_TOP + CLEARANCE + 0.01 - self._object()[2]) * UP

    def _over_peg(self) -> np.ndarray:
        return self._placed(PEG_TOP + CLEARANCE)

    def _placed(self, height: float) -> np.ndarray:
        """Return the hand's place that brings the hole to a height above the believed peg."""
        error = self._blindness * self._quality.misjudgement(0.03 * self._direction())
        peg = np.array([*self._nut.peg, height]) + self.PLACING_SCALE * error * (1.0, 1.0, 0.0)
        return self._hand() + peg - self._object()

    def _direction(self) -> np.ndarray:
        """Return the direction of the handle from the hole. Shape ``(3,)``."""
        x, y, z, w = np.asarray(self._observation["object"][self.ORIENTATION], dtype=np.float64)
        return np.array([1 - 2 * (y * y + z * z), 2 * (x * y + z * w), 2 * (x * z - y * w)])

    def _target(self) -> np.ndarray:
        return self._object() + self._nut.handle * self._direction()

    def _grasp_point(self) -> np.ndarray:
        # A nut that hangs on the open fingers must not be followed to the ceiling.
        return np.minimum(super()._grasp_point(), (np.inf, np.inf, PEG_TOP))

    def _holds(self, point: np.ndarray | None = None, *, near: float = 0.05) -> bool:
        return super()._holds(point, near=near) and self._arm.gap < WEDGED_GAP

    def _turn(self) -> float:
        share = 1.0 - ASKEW * (1.0 - self._quality.alignment)
        return share * wrapped(self._object_yaw(), np.pi) - self._arm.yaw

    def _fit(self) -> float:
        """Return the angle by which the nut is still to be turned to fit its peg [rad]."""
        return -wrapped(self._object_yaw(), self._nut.symmetry) if self._nut.symmetry else 0.0
