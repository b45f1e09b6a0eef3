"""The scripted expert for robosuite's PickPlace tasks: carry one object into its bin."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np

from zprl_env.errors import UnknownNameError
from zprl_env.experts.robosuite.arm import OPEN, Plan, wrapped
from zprl_env.experts.robosuite.manipulation import UP, ManipulationExpert

WALL_TOP = 0.9  # of both bins, above the floor of the room [m]
CLEARANCE = 0.03  # between a wall and what is carried over it [m]
DROP = 0.05  # height above the bin's floor from which the object is let go [m]
BIN_FLOOR = 0.82  # [m]


class Thing(NamedTuple):
    """Sizes and places of one of robosuite's objects and of its bin.

    Attributes:
        bottom: Distance from the object's middle down to what it stands on. [m]
        grasp: Height above the object's middle at which the hand closes. [m]
        symmetry: Turn about the vertical after which the grasp is as good again; 0 where every
            direction is. [rad]
        compartment: Middle of the compartment the object belongs in; x, y. [m]
    """

    bottom: float
    grasp: float
    symmetry: float
    compartment: tuple[float, float]


THINGS = {
    "PickPlaceMilk": Thing(0.061, 0.045, np.pi / 2, (0.0025, 0.1575)),
    "PickPlaceBread": Thing(0.023, 0.0, np.pi / 2, (0.1975, 0.1575)),
    "PickPlaceCereal": Thing(0.075, 0.045, np.pi, (0.0025, 0.4025)),
    "PickPlaceCan": Thing(0.04, 0.01, 0.0, (0.1975, 0.4025)),
}
"""The objects by the name of their task."""


class PickPlaceExpert(ManipulationExpert):
    """Expert for PickPlace: grasp the object, carry it above its compartment, let go.

    Args:
        task: A key of `THINGS`, such as ``"PickPlaceCan"``.

    Raises:
        UnknownNameError: If the task is none of robosuite's with a single object to place.

    Example:
        >>> from zprl_env.experts.quality import Quality
        >>> expert = PickPlaceExpert("PickPlaceCan")
        >>> expert.reset(Quality())
        >>> observation = {
        ...     "robot0_eef_pos": np.array([0.1, -0.25, 1.0]),
        ...     "robot0_eef_quat": np.array([1.0, 0.0, 0.0, 0.0]),
        ...     "robot0_gripper_qpos": np.array([0.04, -0.04]),
        ...     "object": np.array([0.0] * 7 + [0.1, -0.25, 0.86, 0.0, 0.0, 0.0, 1.0]),
        ... }
        >>> expert.act(observation)[2] < 0.0  # the hand is right above the can
        True
    """

    POSITION = slice(7, 10)
    ORIENTATION = slice(10, 14)
    MIDDLE = (0.1, -0.25)  # of the bin the objects start in
    DISPLACEMENT_SCALE = 0.2
    PACE = 1.4

    def __init__(self, task: str) -> None:
        if task not in THINGS:
            raise UnknownNameError("task with an object to place", task, THINGS)
        super().__init__(task)
        self._thing = THINGS[task]

    def _deliver(self) -> Plan:
        x, y = self._thing.compartment
        held = self._thing.bottom + self._thing.grasp  # from the hand down to the object's bottom
        over_wall = np.array([x, y, WALL_TOP + CLEARANCE + held])
        inside = np.array([x, y, BIN_FLOOR + DROP + held])
        here = self._hand()
        raised = np.array([here[0], here[1], over_wall[2]])
        for goal in (raised, over_wall, inside):
            if not (yield from self._carry(partial(np.copy, goal), tolerance=0.03)):
                return
        yield from self._stay(OPEN, 8)

    def _target(self) -> np.ndarray:
        return self._object() + self._thing.grasp * UP * self._upright()

    def _upright(self) -> float:
        """Return the cosine of the object's tilt: 1 upright, 0 on its side."""
        return float(abs(self._axis()[2]))

    def _axis(self) -> np.ndarray:
        """Return the direction of the object's own vertical. Shape ``(3,)``."""
        x, y, z, w = np.asarray(self._observation["object"][self.ORIENTATION], dtype=np.float64)
        return np.array([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)])

    def _turn(self) -> float:
        axis = self._axis()
        if self._upright() < 0.7:
            # An object on its side is taken across its length.
            wanted = wrapped(float(np.arctan2(axis[1], axis[0])), np.pi)
        elif self._thing.symmetry:
            wanted = self._quality.alignment * wrapped(self._object_yaw(), self._thing.symmetry)
        else:
            wanted = 0.0
        return wanted - self._arm.yaw
