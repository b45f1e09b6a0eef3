"""Expert for gym-pusht's PushT: it tries pushes in a model of the table, and makes the best one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from zprl_env.errors import ConfigurationError, ZprlError
from zprl_env.experts.base import Expert
from zprl_env.experts.pusht_model import (
    CENTRE,
    GOAL,
    RADIUS,
    SIZE,
    UNIT,
    Agent,
    Model,
    clearance,
    error,
    placed,
    turned,
)
from zprl_env.experts.quality import Quality

LENGTHS = (2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 110.0)
"""Lengths of the pushes that are tried. [pixels]"""
GAP, MARGIN, AROUND = 4.0, 4.0, 100.0
"""Distance at which a push begins, distance kept from the T, and of the way around it. [pixels]"""
FASTEST, PUSHING, SETTLE = 60.0, 16.0, 3
"""Largest distance that the agent is sent ahead, on its way and in a push, and steps at its end."""
FAR = 0.02
"""Pixels of error that a pixel of way is worth."""
PIXELS = 300.0
"""Pixels of a metre of `Quality`'s faults."""


class Push(NamedTuple):
    """A push: where it begins, along which line, and how far.

    Attributes:
        start: Place of the agent's middle before. Shape ``(2,)``. [pixels]
        line: Its direction, of length 1.
        length: Way that the agent is sent from there. [pixels]
    """

    start: np.ndarray
    line: np.ndarray
    length: float

    def targets(self, speed: float) -> np.ndarray:
        """Return the actions of the push, the last one repeated until the agent is there."""
        steps = max(1, int(np.ceil(self.length / speed)))
        ways = np.linspace(0.0, self.length, steps + 1)[1:]
        ways = np.concatenate([ways, np.full(SETTLE, self.length)])
        return np.clip(self.start + ways[:, np.newaxis] * self.line, 0.0, SIZE)


def _contacts() -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield points around the T and the directions in which to push there, in its coordinates."""
    down, up = np.array([0.0, 1.0]), np.array([0.0, -1.0])
    for x in (-55, -40, -20, 0, 20, 40, 55):
        yield np.array([x, 0.0]), down
    for side in (-1.0, 1.0):
        inward = np.array([-side, 0.0])
        for y in (6, 15, 24):
            yield np.array([side * 2 * UNIT, y]), inward
        for y in (55, 75, 95, 115):
            yield np.array([side * UNIT / 2, y]), inward
        for x in (38, 55):
            yield np.array([side * x, UNIT]), up
    for x in (-8, 8):
        yield np.array([x, 4 * UNIT]), up


CONTACTS = tuple(_contacts())


class PushTExpert(Expert):
    """It goes around the T, pushes it, and looks again.

    Which push comes next follows from the T's pose and the agent's place alone: of every place
    around the T and several lengths, the one after which the T lies best in a model of the table.

    Args:
        task: Ignored: there is one.

    Raises:
        MissingExtraError: pymunk is not installed.
    """

    def __init__(self, task: str) -> None:
        super().__init__(task)
        self._model = Model()
        self._quality: Quality | None = None

    @property
    def gave_up(self) -> bool:
        """Whether the last attempt was made: never, the time limit ends the episode."""
        return False

    def reset(self, quality: Quality) -> None:
        """Begin a new episode."""
        self._quality = quality
        self._plan: list[np.ndarray] = []
        self._push: Push | None = None
        self._agent: Agent | None = None
        self._action = np.zeros(2)
        self._waited = 0

    def act(self, observation: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return where to send the agent. Shape ``(2,)``, float32, in pixels."""
        if self._quality is None:
            raise ZprlError("An expert must be reset before it acts. Got: no reset yet.")
        position, pose = self._read(observation)
        before = self._agent
        velocity = np.zeros(2) if before is None else before.after(self._action).velocity
        self._agent = agent = Agent(position, velocity)
        if self._push is None and not self._plan:
            self._push = self._best(agent, self._believed(pose))
        if self._push is not None and not self._plan:
            way = self._next(agent, pose, self._push.start)
            if way is not None:
                return self._sent(way)
            self._plan = [*self._push.targets(self._speed)]
            self._push = None
        return self._sent(self._plan.pop(0))

    @property
    def _speed(self) -> float:
        return PUSHING * (self._quality.speed if self._quality else 0.7) / 0.7

    def _sent(self, action: np.ndarray) -> np.ndarray:
        self._action = np.clip(action, 0.0, SIZE).astype(np.float32)
        return self._action.copy()

    def _read(self, observation: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Return the agent's position and the T's pose, from either kind of state."""
        if "environment_state" in observation:
            points = np.reshape(observation["environment_state"], (-1, 2)).astype(float)
            own = self._model.keypoints
            a, b = own - own.mean(0), points - points.mean(0)
            angle = np.arctan2((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum(), (a * b).sum())
            origin = points.mean(0) - turned(own.mean(0), angle)
            return np.asarray(observation["agent_pos"], float), np.array([*origin, angle])
        (state,) = observation.values()
        if np.shape(state) != (5,):
            raise ConfigurationError(
                "PushT must show the state, obs_type=state or obs_type=environment_state_agent_pos."
                f" Got: an observation of shape {np.shape(state)}."
            )
        return np.asarray(state[:2], float), np.asarray(state[2:], float)

    def _believed(self, pose: np.ndarray) -> np.ndarray:
        """Return the pose that the person sees, beside the true one by their misjudgement."""
        quality = self._quality or Quality()
        away = np.append((pose[:2] - GOAL[:2]) / SIZE * 0.2, 0.0)
        return pose + np.append(PIXELS * quality.misjudgement(away)[:2], 0.0)

    def _best(self, agent: Agent, pose: np.ndarray) -> Push:
        """Return the push after which the T lies best, in the model."""
        best, least = None, np.inf
        for point, line in CONTACTS:
            place = placed(point - (RADIUS + GAP) * line, pose)
            along = turned(line, float(pose[2]))
            if not ((place >= 2.0) & (place <= SIZE - 2.0)).all():
                continue
            if clearance(place, pose)[0] < RADIUS + 1.0:
                continue
            way = float(np.linalg.norm(place - agent.position))
            rest = Agent(place, np.zeros(2))
            for length in LENGTHS:
                push = Push(place, along, GAP + length)
                after = self._model.pushed(pose, rest, push.targets(self._speed))
                value = error(after) + FAR * min(way, 100.0)
                if value < least:
                    best, least = push, value
        if best is None:  # every place is beyond the table's edge
            middle = placed(CENTRE, pose)
            line = (GOAL[:2] - middle) / (np.linalg.norm(GOAL[:2] - middle) + 1e-9)
            best = Push(np.clip(middle - 100.0 * line, 2.0, SIZE - 2.0), line, 60.0)
        return best

    def _next(self, agent: Agent, pose: np.ndarray, goal: np.ndarray) -> np.ndarray | None:
        """Return the next target on the way around the T; None once the agent is there."""
        gap = goal - agent.position
        distance = float(np.linalg.norm(gap))
        if distance < 2.0 and float(np.linalg.norm(agent.velocity)) < 20.0:
            return None
        self._waited += 1
        if _free(agent.position, goal, pose):
            return agent.position + gap * min(1.0, FASTEST / max(distance, 1e-9))
        middle = placed(CENTRE, pose)
        out, to = agent.position - middle, goal - middle
        radius, angle = float(np.linalg.norm(out)), float(np.arctan2(out[1], out[0]))
        turn = float(np.arctan2(to[1], to[0])) - angle
        turn = (turn + np.pi) % (2 * np.pi) - np.pi
        if radius < AROUND - 8.0:  # first away from it, by where there is room
            return self._away(agent.position, pose, middle)
        angle += float(np.clip(turn, -0.5, 0.5))
        return np.clip(middle + AROUND * np.array([np.cos(angle), np.sin(angle)]), 0.0, SIZE)

    def _away(self, position: np.ndarray, pose: np.ndarray, middle: np.ndarray) -> np.ndarray:
        """Return a target away from the T, in the direction that leaves it soonest."""
        angles = np.linspace(-np.pi, np.pi, 24, endpoint=False)
        lines = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        best, most = position, -np.inf
        for line in lines:
            path = position + np.linspace(4.0, 40.0, 8)[:, np.newaxis] * line
            if not ((path >= 0.0) & (path <= SIZE)).all():
                continue
            gaps = clearance(path, pose)
            room = float(np.minimum(gaps, RADIUS + MARGIN).sum())
            room += 0.05 * float(np.linalg.norm(path[-1] - middle))
            if room > most:
                best, most = path[-1], room
        return best


def _free(start: np.ndarray, goal: np.ndarray, pose: np.ndarray) -> bool:
    """Tell whether the agent gets from one place to another without touching the T."""
    steps = max(2, int(np.linalg.norm(goal - start) / 4.0))
    path = start + np.linspace(0.0, 1.0, steps)[:, np.newaxis] * (goal - start)
    here = float(clearance(start, pose)[0])
    least = min(
        RADIUS + MARGIN - 1.0, max(here - 0.5, RADIUS - 1.0), clearance(goal, pose)[0] - 0.5
    )
    return bool((clearance(path, pose) >= least).all())
