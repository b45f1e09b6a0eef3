"""Crew: the workers that collect, as the learner knows them; it never waits for one of them."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from stable_baselines3.common.vec_env.base_vec_env import CloudpickleWrapper

from zprl_env.errors import ConfigurationError, SimulationError
from zprl_env.training.collecting.explorer import Design
from zprl_env.training.collecting.player import Played, Player
from zprl_env.training.collecting.ratio import AHEAD, COURSE
from zprl_env.vectorised.cluster.actor import Actor, LostError, end
from zprl_env.vectorised.cluster.connection import STARTING, Cluster, Connection
from zprl_env.vectorised.cluster.envs import RESTARTS
from zprl_env.vectorised.steering import SteeringVecEnv
from zprl_env.vectorised.workers import PATIENCE

FRESH = 0.25
"""Time for which a handout of weights is good for all workers [s]; then there is a newer one."""


class Handout(NamedTuple):
    """Weights that workers are given.

    Attributes:
        version: Number of the handout, from 1 on.
        updates: Updates that the agent had then.
        reference: The weights in Ray's store.
        made: When.
    """

    version: int
    updates: int
    reference: Any
    made: float


class Arrived(NamedTuple):
    """Decisions that have arrived, or the end of a worker.

    Attributes:
        sources: Numbers of the worker's environments.
        played: Their decisions; None if the worker was lost.
        updates: Updates that the agent had that chose them.
        reason: Why it was lost.
    """

    sources: list[int]
    played: Played | None
    updates: int = 0
    reason: str = ""


class Member:
    """Worker with the requests that it has not answered yet."""

    def __init__(self, actor: Actor) -> None:
        """Begin without requests."""
        self.actor = actor
        self.asked: deque[tuple[Any, float]] = deque()
        self.version = 0
        self.updates: dict[int, int] = {0: 0}
        self.episodes: list[int] = [-1] * len(actor.indices)
        self.replacing: threading.Thread | None = None
        self.failure: Exception | None = None


class Crew:
    """Workers on Ray, each with some environments, that decide by themselves.

    Attributes:
        patience: Time within which a worker has to answer [s]; then it counts as dead.
        losses: Why workers were lost, in order.
        spaces: The agent's, of observations and of actions.
    """

    def __init__(
        self,
        make: Callable[[int], SteeringVecEnv],
        num_envs: int,
        cluster: Cluster,
        *,
        patience: float = PATIENCE,
        starting: float = STARTING,
    ) -> None:
        """Start the workers and make the environments.

        Args:
            make: Makes so many steered environments; travels to the workers, with the policy.
            num_envs: Environments in all.
            cluster: Where the workers are.
            patience: Time within which a worker has to answer [s].
            starting: Time that the cluster, each worker's place and its environments have [s].

        Raises:
            ConfigurationError: The policy cannot travel.
            MissingExtraError: Ray is not installed.
            SimulationError: There is no cluster, no place, or an environment cannot be made.
        """
        self.patience, self.losses = patience, list[str]()
        self.num_envs = num_envs
        self._design: Design | None = None
        self._seed, self._closing = 0, False
        self._members: list[Member] = []
        self._lost: list[tuple[list[int], None, int, str]] = []
        self._handout: Handout | None = None
        workers = cluster.shared(num_envs, num_envs)
        self._connection = Connection(cluster.address, workers, starting)
        try:
            for indices in np.array_split(np.arange(num_envs), workers):
                makers = CloudpickleWrapper(partial(make, len(indices)))
                own = indices.tolist(), makers, lambda: self.patience, starting, Player
                self._members.append(Member(Actor(self._connection, *own)))
            self.spaces = self._made()
        except BaseException:
            self.close()
            raise

    @property
    def workers(self) -> list[int]:
        """Process ids of the workers, each on its machine."""
        return [member.actor.pid for member in self._members]

    @property
    def episode(self) -> int:
        """Highest number of an episode that was begun."""
        return max(max(member.episodes) for member in self._members)

    def _made(self) -> Any:
        actors = [member.actor for member in self._members]
        try:
            for actor in actors:
                actor.start()
            for actor in actors:
                actor.begin_to_make()
            made = [actor.made() for actor in actors]
            return made[0]
        except LostError as lost:
            raise SimulationError(f"Every worker must live. Got: {lost}.") from lost
        except TypeError as error:
            raise ConfigurationError(
                f"The policy must be one that can be sent to workers: a checkpoint. Got: {error}. "
                "Leave --collect async out."
            ) from error

    def begin(self, design: Design, seed: int, episode: int | None) -> None:
        """Begin an episode in every environment; i has the seed plus i.

        Args:
            design: Of the learner's actor.
            seed: Of the first environment.
            episode: Number of every one's next episode; None is the first.
        """
        self._design, self._seed = design, seed
        asked = []
        for member in self._members:
            member.episodes = [-1 if episode is None else episode] * len(member.episodes)
            episodes = [episode] * len(member.episodes)
            first = seed + member.actor.indices[0]
            asked.append(member.actor.send("begin", design, first, episodes))
        for member, sent in zip(self._members, asked, strict=True):
            member.actor.receive(sent)

    def ask(self, updates: int, weights: Callable[[], bytes], *, whole: bool) -> None:
        """Ask every worker that has room for it for more decisions; return at once.

        Args:
            updates: Updates that the agent has.
            weights: Returns its actor's; called when a handout has become too old.
            whole: Ask for an episode at a time, through which the agent stays the same.
        """
        for member in self._members:
            while member.replacing is None and len(member.asked) < (1 if whole else AHEAD):
                handout = self._newest(updates, weights)
                beside = [handout.reference] if handout.version != member.version else []
                count = 0 if whole else COURSE
                try:
                    sent = member.actor.send("play", count, handout.version, beside=beside)
                except LostError as lost:
                    self._replace(member, str(lost))
                    break
                member.asked.append((sent, time.monotonic()))
                member.version = handout.version
                member.updates[handout.version] = handout.updates

    def _newest(self, updates: int, weights: Callable[[], bytes]) -> Handout:
        now, last = time.monotonic(), self._handout
        if last is None or (last.updates != updates and now - last.made > FRESH):
            reference = self._connection.ray.put(weights())
            version = 1 if last is None else last.version + 1
            self._handout = last = Handout(version, updates, reference, now)
        return last

    def take(self, wait: float) -> list[Arrived]:
        """Take what has arrived.

        Args:
            wait: Time to wait for the first of it [s]; 0 looks and goes on.

        Raises:
            SimulationError: An environment failed, or a worker dies again and again.
        """
        arrived = [Arrived(*gone) for gone in self._gone()]
        heads = {member.asked[0][0]: member for member in self._members if member.asked}
        if arrived or not heads:
            if not arrived and wait:
                time.sleep(min(wait, 0.05))
            return arrived
        ready, _ = self._connection.ray.wait(
            list(heads), num_returns=1 if wait else len(heads), timeout=wait
        )
        now = time.monotonic()
        for sent, member in heads.items():
            waited = now - member.asked[0][1]
            if sent not in ready and waited <= self.patience:
                continue
            try:
                if sent not in ready:
                    raise member.actor.silent(waited)
                played: Played = member.actor.receive(sent)
            except LostError as lost:
                self._replace(member, str(lost))
                continue
            member.asked.popleft()
            if member.asked:  # which it has only begun now
                member.asked[0] = (member.asked[0][0], now)
            member.actor.failures = 0
            member.episodes = played.episodes
            member.updates = {v: u for v, u in member.updates.items() if v >= played.version}
            sources, updates = member.actor.indices, member.updates[played.version]
            arrived.append(Arrived(sources, played, updates))
        return arrived + [Arrived(*gone) for gone in self._gone()]

    def _replace(self, member: Member, reason: str) -> None:
        """Replace a worker, beside what is going on."""
        self.losses.append(reason)
        self._lost.append((member.actor.indices, None, 0, reason))
        member.asked.clear()
        member.actor.failures += 1
        member.actor.stop()
        member.replacing = threading.Thread(target=self._start_again, args=(member,), daemon=True)
        member.replacing.start()

    def _start_again(self, member: Member) -> None:
        """Start a worker with the next episodes of its environments, as often as may be."""
        actor = member.actor
        while not self._closing:
            try:
                if actor.failures > RESTARTS:
                    raise SimulationError(
                        f"A worker that was replaced must live for a request. Got: "
                        f"{actor.failures} deaths in a row, the last one: {self.losses[-1]}. See "
                        "what it does by --num-envs 1."
                    )
                actor.start()
                actor.begin_to_make()
                actor.made()
                episodes = [None if at < 0 else at + 1 for at in member.episodes]
                actor.ask("begin", self._design, self._seed + actor.indices[0], episodes)
                member.version, member.updates = 0, {0: 0}
                member.replacing = None
                return
            except LostError as lost:
                self.losses.append(str(lost))
                actor.failures += 1
                actor.stop()
            except Exception as error:
                member.failure = error
                return

    def _gone(self) -> list[tuple[Any, ...]]:
        """Return the workers that were lost since; raise what a replacement failed by."""
        for member in self._members:
            if member.failure is not None:
                raise member.failure
        gone, self._lost = self._lost, []
        return gone

    def close(self) -> None:
        """End the workers, and Ray if it was started for them."""
        self._closing = True
        members, self._members = self._members, []
        try:
            end([member.actor for member in members])
        finally:
            self._handout = None
            self._connection.close()
