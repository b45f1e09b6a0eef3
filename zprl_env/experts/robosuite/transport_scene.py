"""Scene of robosuite's TwoArmTransport: objects in the observation and how to grasp each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from zprl_env.experts.robosuite.hand import nearest_half_turn, rotation

UP = np.array([0.0, 0.0, 1.0])
LID, TRASH = np.array([0.2, -0.45]), np.array([-0.2, 0.45])  # about where they lie at first [m]
MEETING = np.array([0.0, -0.02, 1.06])  # where the middle of the payload changes hands [m]
NEAR, FAR = -0.03, 0.075  # where either hand takes the payload, from its handle's middle [m]
LIFT = 0.05  # after which it is seen whether a grasp has held [m]


class Grasp(NamedTuple):
    """A grasp: the point, the sides and the way to lift.

    Attributes:
        point: Where the fingers are to meet. [m]
        yaw: The direction of the sides they close on, seen from above. [rad]
        oddity: How it lies differently from usual, which is what misleads the eye; x, y. [m]
        room: The way to lift it without touching what is around; x, y, z. [m]
    """

    point: np.ndarray
    yaw: float
    oddity: np.ndarray
    room: np.ndarray = LIFT * UP


class TransportScene:
    """Objects of TwoArmTransport, read out of the observation's ``object``.

    Attributes:
        payload: The middle of the hammer's handle. [m]
        handle: The direction of the handle across the gap between the tables. Unit length.
        lid, trash, target_bin, trash_bin: Where these are. [m]

    Args:
        values: robosuite's ``object-state`` of TwoArmTransport. Shape ``(41,)``.
    """

    def __init__(self, values: np.ndarray) -> None:
        values = np.asarray(values, dtype=np.float64)
        self.payload, self.trash, self.lid = values[0:3], values[7:10], values[14:17]
        self.target_bin, self.trash_bin = values[21:24], values[24:27]
        towards_head = rotation(values[3:7])[:, 2]
        self._head = float(np.copysign(1.0, towards_head[1]))
        self.handle = self._head * towards_head
        side = rotation(values[10:14])[:, 0]
        self._trash_yaw = float(np.arctan2(side[1], side[0]))

    def lid_handle(self) -> Grasp:
        """Return the grasp of the lid."""
        return Grasp(self.lid, np.pi / 2, self.lid[:2] - LID)

    def trash_cube(self) -> Grasp:
        """Return the grasp of the trash: by the sides for which a hand turns less."""
        yaw = nearest_half_turn(2.0 * self._trash_yaw) / 2.0
        turned = 0.02 * np.array([np.sin(4.0 * yaw), 1.0 - np.cos(4.0 * yaw)])
        return Grasp(self.trash, yaw + np.pi / 2, self.trash[:2] - TRASH + turned)

    def near_end(self) -> Grasp:
        """Return the first arm's grasp of the payload, in its bin."""
        crooked = 0.07 * (np.array([0.0, 1.0]) - self.handle[:2])
        away_from_head = np.array([0.0, -0.02 * self._head, LIFT])
        return self._handle_at(NEAR, crooked, away_from_head)

    def far_end(self) -> Grasp:
        """Return the second arm's grasp of the payload, in the air."""
        return self._handle_at(FAR, (self.payload - MEETING)[:2], np.zeros(3))

    def _handle_at(self, distance: float, oddity: np.ndarray, room: np.ndarray) -> Grasp:
        yaw = float(np.arctan2(self.handle[1], self.handle[0]))
        return Grasp(self.payload + distance * self.handle, yaw, oddity, room)
