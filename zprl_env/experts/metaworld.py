"""The experts for Meta-World: the package's own scripted policies, performed by people."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Generator, Mapping
from typing import Any, NamedTuple

import numpy as np

from zprl_env.errors import MissingExtraError, UnknownNameError, ZprlError
from zprl_env.experts.base import Expert
from zprl_env.experts.quality import Quality

VERSION = "-v3"
PARTS = ("hand", "gripper", "object", "previous", "goal")
HAND, OBJECT = slice(0, 3), slice(4, 7)  # of the flat observation that the policies were made for
FULL_SPEED = 0.7  # the Quality.speed at which nothing slows the policy
GAIN, LIFT_GAIN = 10.0, 25.0  # of the way to a detour's waypoint and to the clearance [1/m]
LIFTING = 0.03  # distance below the clearance at which sideways motion begins [m]
NEAR = 0.1  # distance at which the hand is at work on the object; it ends above the fingers [m]
MOVED = 0.02  # displacement after which the work has had an effect [m]
RETREAT = 12  # steps of rising with an open hand after a miss
WANDERING = 30  # steps after which a detour or overshoot has lasted long enough


class Aim(NamedTuple):
    """Adaptation to a task of ``Quality``'s centimetres, which were made for robosuite's Lift.

    Attributes:
        middle: Middle of the area the object is placed in; x, y. [m]
        scale: Factor on the misjudgement.
        shift: What a good aim adds to the policy's own; x, y, z. [m]
        clearance: Height to which the hand lifts the object before it moves sideways. [m]
        patience: Steps at the object without moving it, at full speed, that make a miss.
    """

    middle: tuple[float, float] = (0.0, 0.6)
    scale: float = 1.0
    shift: tuple[float, float, float] = (0.0, 0.0, 0.0)
    clearance: float = 0.0
    patience: int = 60


AIMS = {
    "box-close-v3": Aim(
        (0.0, 0.525), scale=1.1, shift=(0.0, -0.006, 0.0), clearance=0.18, patience=40
    ),
    "push-wall-v3": Aim((0.0, 0.625), scale=0.9, patience=40),
}
ORDINARY = 0.03  # size of a poor person's misjudgement [m]
REACH = 0.03  # displacement beyond which a misjudgement hardly grows further [m]


class MetaWorldExpert(Expert):
    """Meta-World's scripted policy for a task, followed with a person's faults.

    The policy is shown the observation with the object where the person believes it to be: beside
    its place, by an error that depends on where it lies and is held for an attempt. On the way
    there may be a detour, an overshoot, a pause, a hand that closes late; speed is limited. After
    some time at the object without moving it the attempt is a miss: the person rises, corrects part
    of the error and tries again, or gives up.

    Args:
        task: Meta-World's name of the task, with or without ``-v3``.

    Raises:
        MissingExtraError: Meta-World is not installed.
        UnknownNameError: It has no such task.

    Example:
        >>> expert = MetaWorldExpert("box-close")
        >>> expert.reset(Quality())
        >>> observation = {
        ...     "hand": np.array([0.0, 0.6, 0.2]),
        ...     "gripper": np.array([1.0]),
        ...     "object": np.array([0.0, 0.52, 0.02, 0.7, 0.0, 0.0, 0.7, *np.zeros(7)]),
        ...     "previous": np.zeros(18),
        ...     "goal": np.array([0.05, 0.75, 0.13]),
        ... }
        >>> expert.act(observation).tolist()
        [0.0, -1.0, 0.0, 0.5]
    """

    HANDS = (slice(0, 3),)

    def __init__(self, task: str) -> None:
        try:
            from metaworld.policies import ENV_POLICY_MAP
        except ImportError as error:
            raise MissingExtraError("metaworld", "metaworld") from error
        name = task.removesuffix(VERSION) + VERSION
        if name not in ENV_POLICY_MAP:
            names = [known.removesuffix(VERSION) for known in ENV_POLICY_MAP]
            raise UnknownNameError("Meta-World task", task, names)
        self._make_policy: Callable[[], Any] = ENV_POLICY_MAP[name]
        self._aim = AIMS.get(name, Aim())
        self._plan: Generator[np.ndarray, None, None] | None = None
        self._gave_up = False

    @property
    def gave_up(self) -> bool:
        """Whether the last attempt has failed; see ``Expert.gave_up``."""
        return self._gave_up

    def reset(self, quality: Quality) -> None:
        """Begin a new episode; see ``Expert.reset``."""
        self._policy = self._make_policy()
        self._quality = quality
        self._tempo = min(1.0, quality.speed / FULL_SPEED)
        self._error = np.zeros(3)
        self._blindness = 1.0
        self._grip = -1.0
        self._gave_up = False
        self._plan = self._perform()

    def act(self, observation: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the next action, shape ``(4,)``; see ``Expert.act``."""
        if self._plan is None:
            raise ZprlError("MetaWorldExpert.act must come after its reset. Call reset first.")
        self._flat = np.concatenate([observation[key] for key in PARTS], dtype=np.float64)
        return next(self._plan)

    def _perform(self) -> Generator[np.ndarray, None, None]:
        self._judge()
        self._grip = float(self._follow()[3])
        yield from self._wander()
        yield from self._overshoot()
        for attempt in range(self._quality.attempts):
            self._judge()
            yield from self._attempt(first=attempt == 0)
            for _ in range(RETREAT):  # the policies do not open the hand again by themselves
                yield self._command(np.array([0.0, 0.0, 1.0]), -1.0)
            self._blindness *= 1.0 - self._quality.correction
        self._gave_up = True
        while True:
            yield self._command(np.zeros(3), self._grip)

    def _attempt(self, *, first: bool) -> Generator[np.ndarray, None, None]:
        """Follow the policy until a miss is noticed."""
        quality = self._quality
        pausing = quality.pause_steps if first else 0
        place: np.ndarray | None = None  # an object may still be falling when the episode begins
        idle, moved = 0, False
        while idle <= self._aim.patience / self._tempo:
            way = np.linalg.norm(self._believed()[OBJECT] - self._flat[HAND])
            if pausing and way < NEAR + quality.pause_height:
                yield from self._stay(pausing)
                pausing = 0
            action = self._follow()
            if way < NEAR:
                idle += 1
                place = self._flat[OBJECT].copy() if place is None else place
                if np.linalg.norm(self._flat[OBJECT] - place) > MOVED:
                    place, idle, moved = self._flat[OBJECT].copy(), 0, True
                if moved:
                    self._lift(action)
            if first and action[3] > self._grip:
                yield from self._stay(quality.close_delay)
            self._grip = float(action[3])
            yield self._command(action[:3], self._grip)

    def _wander(self) -> Generator[np.ndarray, None, None]:
        """Visit the detour's waypoint, where the episode has one."""
        detour = np.array(self._quality.detour)
        if not detour.any():
            return
        waypoint = 0.5 * (self._flat[HAND] + self._believed()[OBJECT]) + detour
        waypoint[2] = max(waypoint[2], self._flat[2])
        for _ in range(WANDERING):
            way = waypoint - self._flat[HAND]
            if np.linalg.norm(way) < 0.03:
                return
            yield self._command(GAIN * way, self._grip)

    def _overshoot(self) -> Generator[np.ndarray, None, None]:
        """Take the object to be farther away until the hand is there."""
        way = (self._believed()[OBJECT] - self._flat[HAND])[:2]
        beyond = np.zeros(3)
        beyond[:2] = self._quality.overshoot * way / max(float(np.linalg.norm(way)), 1e-6)
        for _ in range(WANDERING if beyond.any() else 0):
            way = (self._believed()[OBJECT] + beyond - self._flat[HAND])[:2]
            if np.linalg.norm(way) < 0.02:
                return
            yield self._command(self._follow(beyond)[:3], self._grip)

    def _stay(self, steps: int) -> Generator[np.ndarray, None, None]:
        for _ in range(steps):
            yield self._command(np.zeros(3), self._grip)

    def _judge(self) -> None:
        """Look at the object's place, and err."""
        displacement = self._flat[OBJECT][:2] - self._aim.middle
        displacement = REACH * np.tanh(displacement / REACH)
        error = self._quality.misjudgement(displacement)
        # Habits shrink with the cube root of the lack of skill, since Lift forgives small errors;
        # these tasks do not, so the cube is taken, and success falls about evenly with skill.
        share = (float(np.linalg.norm(error)) / ORDINARY) ** 2
        error *= self._blindness * self._aim.scale * share
        self._error = self._aim.shift + error

    def _believed(self) -> np.ndarray:
        """Return the observation as this person sees it. Shape ``(39,)``."""
        believed = self._flat.copy()
        believed[OBJECT] += self._error
        return believed

    def _lift(self, action: np.ndarray) -> None:
        """Carry the object over an obstacle: up before sideways."""
        missing = self._aim.clearance - self._flat[2]
        if missing > 0.0:
            action[2] = max(action[2], LIFT_GAIN * missing)
            action[:2] *= max(0.0, 1.0 - missing / LIFTING)

    def _follow(self, beyond: np.ndarray | float = 0.0) -> np.ndarray:
        """Return the scripted policy's action for an observation. Shape ``(4,)``."""
        believed = self._believed()
        believed[OBJECT] += beyond
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that commands beyond [-1, 1] will be clipped
            return np.asarray(self._policy.get_action(believed), dtype=np.float64)

    def _command(self, motion: np.ndarray, grip: float) -> np.ndarray:
        motion = np.clip(motion, -self._tempo, self._tempo)
        return np.array([*motion, np.clip(grip, -1.0, 1.0)], dtype=np.float32)
