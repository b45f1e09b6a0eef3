"""Vectorised environment whose environments are Ray actors, of which any may die."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import (
    CloudpickleWrapper,
    VecEnvIndices,
    VecEnvStepReturn,
)

from zprl_env.envs.episodes import EPISODE, episode_seed
from zprl_env.errors import ConfigurationError, SimulationError
from zprl_env.vectorised.cluster.actor import Actor, LostError, end
from zprl_env.vectorised.cluster.connection import STARTING, Connection
from zprl_env.vectorised.cluster.lost import lost_info
from zprl_env.vectorised.cluster.stacked import joined, row
from zprl_env.vectorised.cluster.worker import Stepped
from zprl_env.vectorised.workers import PATIENCE

RESTARTS = 3
"""Deaths of a worker in a row, without a step between them, after which nothing is tried again."""


class RayVecEnv(VecEnv):
    """Vectorised environment whose environments are Ray actors, several to each.

    Seeds, observations, ends, infos and attributes are those of ``DummyVecEnv``, to the bit.

    A worker that dies, or whose machine does, is replaced. A step is never tried again, for nobody
    knows whether it was executed: the episodes that were under way there end as truncated, in the
    state in which they were last seen, with ``info["lost"]`` saying why and no steps counted.
    Their environments go on with the episodes that would have come next.

    Attributes:
        patience: Time within which a worker has to answer [s]; then it counts as dead.
        losses: Why workers were lost, in order.

    Example:
        ``envs = SteeringVecEnv(RayVecEnv([make] * 16, workers=4), "Lift", scale=1.0)``
    """

    def __init__(
        self,
        env_fns: Sequence[Callable[[], gym.Env]],
        *,
        workers: int | None = None,
        address: str | None = None,
        patience: float = PATIENCE,
        starting: float = STARTING,
    ) -> None:
        """Start the workers and make the environments.

        Args:
            env_fns: What makes each of them: what it imports must be installed on every machine.
            workers: Actors that they are spread over evenly and in order, each of one process; one
                for each environment if not given. On a cluster that is joined each needs a core.
            address: ``HOST:PORT`` of a Ray cluster or ``"auto"``; None starts one of this
                machine's own, or uses the one that this process is connected to.
            patience: Time within which a worker has to answer [s].
            starting: Time that the cluster, each worker's place in it and its environments have
                to be there [s].

        Raises:
            ConfigurationError: There are more workers than environments, or none.
            MissingExtraError: Ray is not installed.
            SimulationError: There is no cluster, no place for a worker, or an environment could not
                be made.
        """
        count = len(env_fns) if workers is None else workers
        if not 1 <= count <= len(env_fns):
            raise ConfigurationError(
                f"workers must be from 1 to the number of environments, here {len(env_fns)}. "
                f"Got: {count}."
            )
        self.patience, self.losses = patience, list[str]()
        self._actors: list[Actor] = []
        self._under_way: list[Any] = []
        self._ended: dict[Actor, Stepped] = {}
        self._attributes: dict[tuple[int, str], Any] = {}
        self._first: list[int | None] = [None] * len(env_fns)
        self._steps = 0
        self._seen: Any = None
        self._connection = Connection(address, count, starting)
        try:
            for indices in np.array_split(np.arange(len(env_fns)), count):
                makers = CloudpickleWrapper([env_fns[index] for index in indices])
                chosen = indices.tolist()
                own = Actor(self._connection, chosen, makers, lambda: self.patience, starting)
                self._actors.append(own)
            spaces = self._make(self._actors)
            super().__init__(len(env_fns), *spaces)
        except LostError as lost:
            self.close()
            raise SimulationError(
                f"Every worker must make its environments. Got: {lost}."
            ) from lost
        except BaseException:
            self.close()
            raise

    @property
    def workers(self) -> list[int]:
        """Process ids of the workers, each on its machine."""
        return [actor.pid for actor in self._actors]

    def _make(self, actors: list[Actor]) -> Any:
        """Start actors side by side, and have them make their environments; return the spaces."""
        for actor in actors:
            actor.start()
        for actor in actors:
            actor.begin_to_make()
        return [actor.made() for actor in actors][0]  # noqa: RUF015 - all of them

    def reset(self) -> Any:
        """Start an episode in every environment."""
        self._under_way, self._ended = [], {}
        for index, seed in enumerate(self._seeds):
            self._first[index] = self._first[index] if seed is None else seed
        asked = [
            self._send(actor, "reset", *(_chosen(of, actor) for of in (self._seeds, self._options)))
            for actor in self._actors
        ]
        self._reset_seeds()
        self._reset_options()
        return self._arrived(asked).observations

    def step_async(self, actions: np.ndarray) -> None:
        """Send every worker the actions of its environments. Shape ``(N, ...)``."""
        self._under_way = [
            None if actor in self._ended else self._send(actor, "step", actions[actor.indices])
            for actor in self._actors
        ]

    def step_wait(self) -> VecEnvStepReturn:
        """Wait for the workers; episodes of one that has died end here."""
        under_way, self._under_way = self._under_way, []
        self._steps += 1
        stepped = self._arrived(under_way)
        return stepped.observations, stepped.rewards, stepped.dones, stepped.infos

    def _send(self, actor: Actor, name: str, *args: Any) -> Any:
        """Send a message; the reason in its place if the worker is dead."""
        try:
            return actor.send(name, *args)
        except LostError as lost:
            return lost

    def _arrived(self, sent: list[Any]) -> Stepped:
        """Receive what the workers bring, and in place of a dead one's the ends of its episodes."""
        parts = [self._part(actor, ref) for actor, ref in zip(self._actors, sent, strict=True)]
        self._ended = {}
        self.reset_infos = [info for part in parts for info in part.reset_infos]
        self._seen = joined([part.observations for part in parts])
        if parts[0].infos is None:
            return Stepped(self._seen, None, None, None, self.reset_infos)
        rewards, dones = (np.concatenate([part[kind] for part in parts]) for kind in (1, 2))
        infos = [info for part in parts for info in part.infos]
        return Stepped(self._seen, rewards, dones, infos, self.reset_infos)

    def _part(self, actor: Actor, sent: Any) -> Stepped:
        if actor in self._ended:
            return self._ended[actor]
        try:
            if isinstance(sent, LostError):
                raise sent
            part: Stepped = actor.receive(sent)
        except LostError as lost:
            return self._replace(actor, str(lost))
        actor.failures = 0
        return part

    def _replace(self, actor: Actor, reason: str) -> Stepped:
        """Replace a worker: its episodes end, and the next ones of its environments begin."""
        why = reason
        while True:
            self.losses.append(reason)
            actor.failures += 1
            if actor.failures > RESTARTS:
                raise SimulationError(
                    f"A worker that was replaced must live for a step. Got: {actor.failures} "
                    f"deaths in a row, the last one: {reason}. See what it does by --num-envs 1."
                )
            try:
                actor.stop()
                self._make([actor])
                begun = self._begin(actor)
                break
            except LostError as lost:
                reason = str(lost)
        if self._seen is None:  # none of its episodes had begun
            return begun
        ends = [lost_info(row(self._seen, index), why) for index in actor.indices]
        zeros, ones = np.zeros(len(ends), np.float32), np.ones(len(ends), bool)
        return Stepped(begun.observations, zeros, ones, ends, begun.reset_infos)

    def _begin(self, actor: Actor) -> Stepped:
        """Give new environments the attributes of the old ones, and begin their next episodes."""
        for (index, name), value in self._attributes.items():
            if index in actor.indices:
                actor.ask("set_attr", name, value, indices=actor.indices.index(index))
        seeds = []
        for place, index in enumerate(actor.indices):
            first, episode = self._first[index], self.reset_infos[index].get(EPISODE)
            if episode is not None:
                actor.ask("env_method", "continue_at", episode + 1, indices=place)
            elif first is not None:  # no seed again that an episode had which is over
                first = episode_seed(first, self._steps)
            seeds.append(first)
        begun: Stepped = actor.ask("reset", seeds, [{} for _ in seeds])
        return begun

    def close(self) -> None:
        """End the workers, and Ray if it was started for them."""
        actors, self._actors = self._actors, []
        try:
            end(actors)
        finally:
            self._connection.close()

    def _asked(self, indices: VecEnvIndices, name: str, *args: Any, **kwargs: Any) -> list[Any]:
        """Ask the workers of some environments; the answers in the environments' order."""
        wanted = list(self._get_indices(indices))
        answers: dict[int, Any] = {}
        for actor in self._actors:
            own = [index for index in actor.indices if index in wanted]
            if not own:
                continue
            kwargs["indices"] = [actor.indices.index(index) for index in own]
            try:
                found = actor.ask(name, *args, **kwargs)
            except LostError as lost:
                self._ended[actor] = self._replace(actor, str(lost))
                found = actor.ask(name, *args, **kwargs)
            answers.update(zip(own, found or [None] * len(own), strict=True))
        return [answers[index] for index in wanted]

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """Read an attribute of the environments."""
        return self._asked(indices, "get_attr", attr_name)

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        """Set an attribute of the environments, and of those that may take their place."""
        self._asked(indices, "set_attr", attr_name, value)
        self._attributes |= {(index, attr_name): value for index in self._get_indices(indices)}

    def env_method(
        self, method_name: str, *method_args: Any, indices: VecEnvIndices = None, **kwargs: Any
    ) -> list[Any]:
        """Call a method of the environments."""
        return self._asked(indices, "env_method", method_name, *method_args, **kwargs)

    def env_is_wrapped(
        self, wrapper_class: type[gym.Wrapper], indices: VecEnvIndices = None
    ) -> list[bool]:
        """Tell whether the environments are in a wrapper."""
        return self._asked(indices, "env_is_wrapped", wrapper_class)

    def get_images(self) -> Sequence[np.ndarray | None]:
        """Render the environments, where they are."""
        return [image for actor in self._actors for image in actor.ask("get_images")]


def _chosen(values: list[Any], actor: Actor) -> list[Any]:
    return [values[index] for index in actor.indices]
