"""Base class of the robot tasks' scripted experts: aims that go from place to place."""

from __future__ import annotations

import abc
from collections.abc import Callable, Generator, Mapping

import numpy as np

from real.tasks.coordinates import GRIPPER, POSITION, ROTATION
from real.tasks.files import load_preset
from real.tasks.layout import ActionLayout
from zprl_env.errors import ZprlError
from zprl_env.experts.base import Expert
from zprl_env.experts.quality import Quality

Plan = Generator[np.ndarray, None, None]
"""A person's plan, or part of one: yields one action per control step."""
SPEED, TURN_SPEED = 0.3, 1.6
"""Largest speed of an aim [m/s] and of its turning [rad/s]."""
CLOSED, OPEN = 0.0, 1.0


class PlanExpert(Expert):
    """Base expert: moves the aims of all hands from place to place, looking at the objects.

    An aim is what an arm is sent to, in the coordinates of `real.tasks.coordinates`: position [m],
    rotation vector from home [rad], opening.

    Args:
        task: The preset's name, or its path.
    """

    def __init__(self, task: str) -> None:
        super().__init__(task)
        self._preset = load_preset(task)
        self._layout = ActionLayout(self._preset)
        self._observation: Mapping[str, np.ndarray] = {}
        self._plan: Plan | None = None
        self._gave_up = False
        self._quality = Quality()
        self.aims = self._layout.home.copy()

    @property
    def gave_up(self) -> bool:
        """Whether the plan has come to its end; see ``Expert.gave_up``."""
        return self._gave_up

    def reset(self, quality: Quality) -> None:
        """Begin a new episode; see ``Expert.reset``."""
        self._quality, self._gave_up = quality, False
        self.aims = self._layout.home.copy()
        self._plan = self._perform_and_give_up()

    def act(self, observation: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the next action; see ``Expert.act``."""
        if self._plan is None:
            name = type(self).__name__
            raise ZprlError(f"{name}.act must come after {name}.reset. Call reset first.")
        self._observation = observation
        return next(self._plan)

    def _perform_and_give_up(self) -> Plan:
        yield from self._perform()
        self._gave_up = True
        while True:
            yield self._towards(self.aims)

    @abc.abstractmethod
    def _perform(self) -> Plan:
        """Perform the whole plan; an episode that gets to its end has failed."""

    def _go(
        self,
        goals: Callable[[], np.ndarray],
        *,
        tolerance: float = 0.01,
        patience: float = 4.0,
        speed: float = 1.0,
        hand: int | None = None,
    ) -> Plan:
        """Go to goals that are looked at afresh at each step, until there or out of patience.

        Args:
            goals: Where the hands are to go. Shape ``(N, 7)``.
            tolerance: Distance from them that is near enough [m].
            patience: How long to try [s].
            speed: Share of the quality's speed.
            hand: The hand that is to get there, if the others only hold something; all if None.
        """
        counted = slice(None) if hand is None else slice(hand, hand + 1)
        for _ in range(round(patience * self._preset.rate)):
            there = goals()
            away = np.linalg.norm((self._hands() - there[:, POSITION])[counted], axis=1).max()
            turned = np.abs(self.aims - there)[:, ROTATION].max() < 0.02
            if away < tolerance and turned:
                return
            yield self._towards(there, speed)

    def _wait(self, seconds: float) -> Plan:
        """Stay where the hands are sent."""
        for _ in range(round(seconds * self._preset.rate)):
            yield self._towards(self.aims)

    def _grip(self, arm: int, opening: float, seconds: float = 0.7) -> Plan:
        """Open or close one hand."""
        self.aims[arm, GRIPPER] = opening
        yield from self._wait(seconds)

    def _towards(self, goals: np.ndarray, speed: float = 1.0) -> np.ndarray:
        """Move the aims one step towards goals; return the action for it. Shape ``(A,)``."""
        last, pace = self.aims.copy(), speed * self._quality.speed / self._preset.rate
        way = goals - self.aims
        for part, fastest in ((POSITION, pace * SPEED), (ROTATION, pace * TURN_SPEED)):
            lengths = np.linalg.norm(way[:, part], axis=1, keepdims=True)
            way[:, part] *= np.minimum(1.0, fastest / np.maximum(lengths, 1e-9))
        self.aims = self.aims + way
        action = self._layout.action(self.aims, last).astype(np.float32)
        return np.clip(action, -1.0, 1.0)

    def _hands(self) -> np.ndarray:
        """Return the hands' positions. Shape ``(N, 3)`` [m]."""
        return np.asarray(self._observation["position"], np.float64).reshape(-1, 3)

    def _object(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Return an object's position [m], and its rotation matrix."""
        numbers = np.asarray(self._observation[name], np.float64)
        first, second = numbers[3:6], numbers[6:9]
        return numbers[:3], np.array([first, second, np.cross(first, second)])

    def _misjudged(self, point: np.ndarray) -> np.ndarray:
        """Return the believed place of a point [m]."""
        middle = self._layout.home[:, POSITION].mean(axis=0)
        error = self._quality.misjudgement(0.3 * (point - middle))
        return point + 0.5 * np.array([*error[:2], 0.0])
