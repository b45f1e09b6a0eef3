"""Model of pushing a T: gym-pusht's physics, in which an expert tries its pushes before it acts."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from zprl_env.errors import MissingExtraError

GOAL = np.array([256.0, 256.0, np.pi / 4])
"""Pose that the T is pushed to: x, y [pixels], angle [rad]."""
SIZE, UNIT, RADIUS = 512.0, 30.0, 15.0
"""Side of the table, a quarter of the T's length, and the agent's radius [pixels]."""
SUBSTEPS, DT, KP, KV = 10, 0.01, 100.0, 20.0
"""The environment's physics: steps per action, their length [s], and the agent's controller."""
CENTRE = np.array([0.0, 1.5 * UNIT])
"""Point of the T that it turns about, in its own coordinates."""
BARS = ((-2 * UNIT, 0.0, 2 * UNIT, UNIT), (-UNIT / 2, UNIT, UNIT / 2, 4 * UNIT))
"""Its two bars: smallest x, y and largest x, y."""
CORNERS = np.array([(x, y) for a, b, c, d in BARS for x in (a, c) for y in (b, d)])
"""Corners of the bars, by which poses are compared."""


class Agent(NamedTuple):
    """State of the agent, a disk that is moved to where an action says.

    Attributes:
        position: Shape ``(2,)``. [pixels]
        velocity: Shape ``(2,)``. [pixels/s]
    """

    position: np.ndarray
    velocity: np.ndarray

    def after(self, action: np.ndarray) -> Agent:
        """Return the state after an action, which no contact changes."""
        position, velocity = self
        for _ in range(SUBSTEPS):
            velocity = velocity + DT * (KP * (action - position) - KV * velocity)
            position = position + DT * velocity
        return Agent(position, velocity)


def turned(points: np.ndarray, angle: float) -> np.ndarray:
    """Turn points about the origin. Shape ``(..., 2)``."""
    c, s = np.cos(angle), np.sin(angle)
    rotated: np.ndarray = points @ np.array([[c, s], [-s, c]])
    return rotated


def placed(points: np.ndarray, pose: np.ndarray) -> np.ndarray:
    """Return points of the T in the table's coordinates.

    >>> placed(np.array([1.0, 0.0]), np.array([10.0, 0.0, np.pi / 2])).round(6).tolist()
    [10.0, 1.0]
    """
    return pose[:2] + turned(points, float(pose[2]))


def error(pose: np.ndarray, goal: np.ndarray = GOAL) -> float:
    """Compute the mean distance of the T's corners from where they belong, in pixels."""
    gaps = placed(CORNERS, pose) - placed(CORNERS, goal)
    return float(np.sqrt((gaps**2).sum(1)).mean())


def clearance(points: np.ndarray, pose: np.ndarray) -> np.ndarray:
    """Compute the distance of points from the T, 0 inside of it. Shape ``(N, 2)`` to ``(N,)``."""
    own = turned(np.atleast_2d(points) - pose[:2], -float(pose[2]))
    gaps = []
    for a, b, c, d in BARS:
        low, high = np.array([a, b]), np.array([c, d])
        gaps.append(np.linalg.norm(np.maximum(np.maximum(low - own, own - high), 0.0), axis=1))
    nearest: np.ndarray = np.minimum(*gaps)
    return nearest


class Model:
    """Physics of the table, the T and the agent.

    Raises:
        MissingExtraError: pymunk is not installed.
    """

    def __init__(self) -> None:
        try:
            import pymunk
        except ImportError as missing:
            raise MissingExtraError("pymunk", "pusht") from missing
        space = pymunk.Space()
        space.damping = 0.0
        walls = [((5, 506), (5, 5)), ((5, 5), (506, 5)), ((506, 5), (506, 506))]
        for ends in [*walls, ((5, 506), (506, 506))]:
            space.add(pymunk.Segment(space.static_body, *ends, 2))
        self._agent = pymunk.Body(body_type=pymunk.Body.KINEMATIC)
        space.add(self._agent, pymunk.Circle(self._agent, RADIUS))
        box = [(-2 * UNIT, UNIT), (2 * UNIT, UNIT), (2 * UNIT, 0), (-2 * UNIT, 0)]
        stem = [(-UNIT / 2, UNIT), (-UNIT / 2, 4 * UNIT), (UNIT / 2, 4 * UNIT), (UNIT / 2, UNIT)]
        self._block = pymunk.Body(1, 2 * pymunk.moment_for_poly(1, box))
        shapes = [pymunk.Poly(self._block, corners) for corners in (box, stem)]
        self._block.center_of_gravity = tuple(CENTRE)
        space.add(self._block, *shapes)
        self._space: Any = space
        self.keypoints = np.array([tuple(v) for shape in shapes for v in shape.get_vertices()])

    def pushed(self, pose: np.ndarray, agent: Agent, actions: np.ndarray) -> np.ndarray:
        """Return the T's pose after actions.

        Args:
            pose: The T's pose before. Shape ``(3,)``.
            agent: The agent before.
            actions: Where the agent is sent. Shape ``(N, 2)``.
        """
        block, body = self._block, self._agent
        block.angle = float(pose[2])
        block.position = float(pose[0]), float(pose[1])
        block.velocity, block.angular_velocity = (0.0, 0.0), 0.0
        (x, y), (vx, vy) = agent.position.tolist(), agent.velocity.tolist()
        body.position = x, y
        self._space.reindex_shapes_for_body(block)
        self._space.reindex_shapes_for_body(body)
        for ax, ay in actions.tolist():
            for _ in range(SUBSTEPS):
                vx += DT * (KP * (ax - x) - KV * vx)
                vy += DT * (KP * (ay - y) - KV * vy)
                body.velocity = vx, vy
                self._space.step(DT)
                x, y = x + DT * vx, y + DT * vy
        return np.array([*block.position, block.angle])
