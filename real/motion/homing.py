"""Homing: the way the arms take home, straight up, over, and down; or joint by joint."""

from __future__ import annotations

import numpy as np

from real.robot import Space
from real.tasks.coordinates import GRIPPER

HEIGHT = 2


def way_home(coordinates: np.ndarray, home: np.ndarray, space: Space = "pose") -> list[np.ndarray]:
    """Return the way home as places to pass at rest; a held object is let go of first.

    Args:
        coordinates: Where the arms are. Shape ``(N, C)``.
        home: Where they belong. Shape ``(N, C)``.
        space: What the coordinates are of.

    Returns:
        Coordinates, the last ones home itself. Shape ``(N, C)`` each.

    >>> start, home = np.zeros((1, 7)), np.array([[0.4, 0.0, 0.3, 0.0, 0.0, 0.0, 1.0]])
    >>> [place[0, [0, 2, 6]].tolist() for place in way_home(start, home)]
    [[0.0, 0.0, 1.0], [0.0, 0.3, 1.0], [0.4, 0.3, 1.0], [0.4, 0.3, 1.0]]
    """
    opened = coordinates.copy()
    opened[:, GRIPPER] = home[:, GRIPPER]
    if space == "joints":
        return [opened, home]
    raised = opened.copy()
    raised[:, HEIGHT] = np.maximum(opened[:, HEIGHT], home[:, HEIGHT])
    above = home.copy()
    above[:, HEIGHT] = raised[:, HEIGHT]
    return [opened, raised, above, home]
