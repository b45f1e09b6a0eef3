"""The scripted expert for robosuite's Door: turn the handle and pull the door open."""

from __future__ import annotations

import numpy as np

from zprl_env.experts.robosuite.arm import CLOSED, OPEN, Plan, wrapped
from zprl_env.experts.robosuite.manipulation import ManipulationExpert

# In the door's own frame, from the panel's middle: x towards the hinge, y away from the room.
HINGE = np.array([0.255, 0.0])  # [m]
SPINDLE = np.array([-0.175, -0.1])  # what the handle turns about [m]
LEVER = 0.125  # from the spindle to the point of the handle that is observed [m]
GRASP = np.array(
    [-0.002, -0.018]
)  # from there to the hand, which is wide and keeps off the panel [m]

UNLATCHED = -1.35  # angle of the handle at which the door comes free [rad]
HIGHEST = -1.5  # angle to which the handle is turned at most [rad]
LEAD, PULL = 0.3, 0.2  # angles by which the hand is ahead of the handle, and of the door [rad]
ACROSS = 0.5  # share of an error that is made across the handle, where less is forgiven
STRENGTH = 1.0  # share of the controller's range for turning and pulling
PATIENCE = 60  # control steps


class DoorExpert(ManipulationExpert):
    """Expert for Door: grasp the end of the handle from above, turn it upwards, pull the door.

    The fingers close across the handle, so that it turns between them.

    Args:
        task: The suite's name of the task.

    Example:
        >>> from zprl_env.experts.quality import Quality
        >>> expert = DoorExpert()
        >>> expert.reset(Quality())
        >>> panel, handle = [-0.20, -0.33, 1.1], [-0.13, -0.24, 1.075]
        >>> observation = {
        ...     "robot0_eef_pos": np.array([-0.1, 0.0, 1.0]),
        ...     "robot0_eef_quat": np.array([1.0, 0.0, 0.0, 0.0]),
        ...     "robot0_gripper_qpos": np.array([0.02, -0.02]),
        ...     "object": np.array([*panel, *handle, *[0.0] * 8]),
        ... }
        >>> expert.act(observation).shape
        (7,)
    """

    POSITION = slice(3, 6)  # of the handle
    PANEL, HANDLE_ANGLE = slice(0, 3), 13  # where the observation has the rest
    MIDDLE = (-0.137, -0.248)
    DISPLACEMENT_SCALE = 2.0  # the handle is found within 2 cm of there
    ERROR_SCALE = 1.15

    def __init__(self, task: str = "Door") -> None:
        super().__init__(task)

    def _descend(self, *, first: bool) -> Plan:
        # The handle is far from where the hand begins.
        yield from self._move(lambda: self._above(self.HOVER), OPEN, tolerance=0.05, at_most=80)
        yield from super()._descend(first=first)

    def _deliver(self) -> Plan:
        patience = PATIENCE
        while self._holds() and self._angle() > UNLATCHED and patience:
            yield from self._lead(0.0)
            patience -= 1
        while self._holds() and patience:
            yield from self._lead(PULL)
            patience -= 1

    def _lead(self, opened: float) -> Plan:
        """Move the hand as the handle's end moves when it, and the door, turn a little further."""
        angle = max(self._angle() - LEAD, HIGHEST)
        way = self._end(angle, opened) - self._end(self._angle(), 0.0)
        # A slow hand is as strong as a quick one: the handle's spring has to be overcome.
        yield self._arm.towards(self._hand() + way, CLOSED, turn=self._turn(), speed=STRENGTH)

    def _grasp_point(self) -> np.ndarray:
        error = self._misjudged(self._object()) - self._object()
        along, across = _turned(error[:2], -self._facing())
        # Whoever misjudges the distance keeps off the panel, and is stopped by it otherwise.
        beside = GRASP + np.array([along, -ACROSS * abs(across)])
        return self._object() + np.array([*_turned(beside, self._facing()), error[2]])

    def _turn(self) -> float:
        return self._quality.alignment * wrapped(self._facing(), np.pi) - self._arm.yaw

    def _angle(self) -> float:
        """Return the handle's angle; 0 is level, negative upwards [rad]."""
        return float(self._observation["object"][self.HANDLE_ANGLE])

    def _panel(self) -> np.ndarray:
        return np.asarray(self._observation["object"][self.PANEL][:2], dtype=np.float64)

    def _facing(self) -> float:
        """Return the door's angle about the vertical [rad]."""
        seen = self._object()[:2] - self._panel()
        known = SPINDLE + np.array([LEVER * np.cos(self._angle()), 0.0])
        return float(np.arctan2(seen[1], seen[0]) - np.arctan2(known[1], known[0]))

    def _end(self, angle: float, opened: float) -> np.ndarray:
        """Return the handle's end with the handle at an angle and the door opened a little further.

        Args:
            angle: Of the handle. [rad]
            opened: From where the door is now. [rad]

        Returns:
            Shape ``(3,)``; heights count from the spindle's. [m]
        """
        hinge = self._panel() + _turned(HINGE, self._facing())
        end = SPINDLE - HINGE + np.array([LEVER * np.cos(angle), 0.0])
        return np.array([*(hinge + _turned(end, self._facing() + opened)), -LEVER * np.sin(angle)])


def _turned(vector: np.ndarray, angle: float) -> np.ndarray:
    """Turn a vector of the plane counterclockwise."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, -sine], [sine, cosine]]) @ vector
