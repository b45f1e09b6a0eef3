"""Phases in which a stop may come: each brings the arms there and lets it happen."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np

from benchmarks.stopping.causes import Person
from policies.encoding import Encoding
from real.env import RealRobotEnv
from real.operators import Event
from real.tasks.layout import ActionLayout, ObservationLayout
from real.tasks.preset import Preset
from zprl_env import LatentSteeringWrapper

HEARING = 0.15
"""Time that the thread beside a loop gets to hear a key, where time is simulated [s]."""
CHUNK, REACH = 4, 0.6
DECISIONS = 15
LOOK = 1.0 / 60.0
"""Time of a look, where time passes by itself [s]."""


class StillPolicy:
    """A frozen policy whose latent is an action, kept for a chunk; its own is the middle of all.

    Args:
        preset: The task.
        person: Who may have it fail.

    Attributes:
        during: What happens while it decides, once.
    """

    n_action_steps = horizon = CHUNK
    feature_dim = 1

    def __init__(self, preset: Preset, person: Person) -> None:
        self.observation_dim = ObservationLayout(preset).size
        self.action_dim = self.latent_dim = ActionLayout(preset).size
        self.during: Callable[[], object] | None = None
        self._person = person

    def encode(self, observations: np.ndarray) -> Encoding:
        """Return the latent that is no perturbation."""
        still = np.zeros((len(observations), self.latent_dim), np.float32)
        return Encoding(np.zeros((len(observations), 1), np.float32), still, still.copy())

    def decode(self, latents: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Return the chunk that keeps to an action, unless the policy is to fail."""
        if self.during is not None:
            during, self.during = self.during, None
            during()
        if self._person.fail("policy raises"):
            raise RuntimeError("a policy's defect")
        chunk = np.repeat(np.asarray(latents, np.float32)[:, np.newaxis], CHUNK, axis=1)
        return chunk * np.nan if self._person.fail("policy NaN") else chunk


class Deeds:
    """Recorder during whose work it happens.

    Attributes:
        left: Steps that are left until then.
        during: What happens then.
    """

    def __init__(self) -> None:
        self.left = 10**9
        self.during: Callable[[], object] = time.monotonic

    def begin(self, preset: Any, observation: Any, state: Any, info: Any) -> None:
        """Begin an episode."""

    def add(self, step: Any) -> None:
        """Write a step down."""
        self.left -= 1
        if self.left == 0:
            self.during()

    def end(self, outcome: str) -> None:
        """End the episode."""

    def close(self) -> None:
        """Do nothing."""


class Session:
    """Environments of one robot, a policy, a person beside them, and chance.

    Args:
        robot: The watched robot.
        preset: Its task.
        person: Who watches.
        rng: Source of chance.
    """

    def __init__(
        self, robot: Any, preset: Preset, person: Person, rng: np.random.Generator
    ) -> None:
        self.robot, self.preset, self.person, self.rng = robot, preset, person, rng
        self.recorder = Deeds()
        self.policy = StillPolicy(preset, person)
        self._action = np.zeros(self.policy.latent_dim, np.float32)
        self.envs: list[LatentSteeringWrapper] = []
        self._over = True
        self._timer: threading.Timer | None = None
        self.env = self.another(self.recorder)

    def another(self, recorder: Any = None) -> LatentSteeringWrapper:
        """Make an environment of the same arms, steered."""
        env = RealRobotEnv(self.preset, driver=self.robot, operator=self.person, recorder=recorder)
        self.env = LatentSteeringWrapper(env, self.policy, scale=REACH, n_action_steps=CHUNK)
        self.envs.append(self.env)
        return self.env

    def begin(self) -> None:
        """Begin an episode."""
        self.env.reset(seed=int(self.rng.integers(2**31)))
        self._over = False

    def play(self, decisions: int) -> bool:
        """Play some chunks, all through the arms' box; False once the episode has ended."""
        for _ in range(decisions):
            if self._over:
                return False
            self.learn(0)
            if self.rng.random() < 0.3 or not self._action.any():
                drawn = self.rng.uniform(-1.0, 1.0, self.policy.latent_dim)
                self._action = drawn.astype(np.float32)
            self._over = any(self.env.step(self._action)[2:4])
        return not self._over

    def learn(self, products: int = 60) -> None:
        """Learn for a moment, or fail to."""
        if self.person.fail("learner raises"):
            raise RuntimeError("a learner's defect")
        weights = np.full((200, 200), 1e-3)
        for _ in range(products):
            weights = weights @ weights + 1e-3

    def within(self, least: int, most: int) -> int:
        """Draw a number of looks, steps or decisions."""
        return int(self.rng.integers(least, most))

    def soon(self, looks: int) -> None:
        """Have it happen after so many looks of the operator, or that time."""
        if not self.person.realtime:
            self.person.left = looks
            return
        self._timer = threading.Timer(looks * LOOK, self._happen)
        self._timer.start()

    def now(self) -> None:
        """Have it happen now, while this thread is busy with something else."""
        if not self.person.realtime:
            self.person.act()
            time.sleep(HEARING)
            return
        self.soon(self.within(1, 6))
        until = time.monotonic() + 10 * LOOK
        while time.monotonic() < until:
            self.learn(20)

    def close(self) -> None:
        """Close all environments, as whoever uses them does."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()
        for env in self.envs:
            env.close()

    def _happen(self) -> None:
        with suppress(Exception):
            self.person.act()


def homing(session: Session) -> None:
    """Have it happen while the arms go home."""
    session.begin()
    session.play(DECISIONS if session.person.realtime else 8)
    session.soon(session.within(5, 60))
    session.begin()


def waiting(session: Session) -> None:
    """Have it happen while the next episode is waited for."""
    session.begin()
    session.play(2)
    session.person.answer(Event.RELEASE)
    session.person.waiting = lambda: session.soon(session.within(2, 40))
    session.begin()


def chunk(session: Session) -> None:
    """Have it happen while a chunk is carried out."""
    session.begin()
    session.soon(session.within(10, 60))
    session.play(DECISIONS)


def between(session: Session) -> None:
    """Have it happen while a policy decides on the next chunk."""
    session.begin()
    if session.play(session.within(2, 6)):
        session.policy.during = session.now
        session.play(DECISIONS)


def pause(session: Session) -> None:
    """Have it happen while the operator has paused the episode."""
    session.begin()
    session.play(session.within(2, 5))
    session.person.say(Event.PAUSE)
    session.soon(session.within(2, 40))
    session.play(DECISIONS)


def gradient_steps(session: Session) -> None:
    """Have it happen while a learner learns: between two episodes, or in real time in motion."""
    session.begin()
    session.play(session.within(2, 6))
    if not session.person.realtime:
        session.person.say(Event.FAILURE)
        session.play(DECISIONS)
    session.now()
    session.learn()
    if session.person.realtime:
        session.play(DECISIONS)
    else:
        session.begin()


def evaluation(session: Session) -> None:
    """Have it happen while another environment has its turn with the arms."""
    session.begin()
    session.play(session.within(1, 4))
    session.another()
    session.begin()
    session.soon(session.within(10, 60))
    session.play(DECISIONS)


def recording(session: Session) -> None:
    """Have it happen while a step is written down."""
    session.begin()
    session.recorder.during = session.now
    session.recorder.left = session.within(5, 20)
    session.play(DECISIONS)


PHASES: dict[str, Callable[[Session], None]] = {
    "homing": homing,
    "waiting": waiting,
    "chunk": chunk,
    "between chunks": between,
    "pause": pause,
    "gradient steps": gradient_steps,
    "evaluation": evaluation,
    "recording": recording,
}
"""Phases by name."""
