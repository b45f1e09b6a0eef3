"""Player: the body of a worker that decides by itself, and answers with whole transitions."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from zprl_env.envs.episodes import EPISODE, episode_seed
from zprl_env.training.collecting.explorer import Design, Explorer
from zprl_env.vectorised.cluster.worker import Worker, one_thread


class Played(NamedTuple):
    """Decisions of a worker, K of each of its n environments.

    Attributes:
        observations: What the agent saw. Shape ``(K, n, O)``.
        actions: What it chose. Shape ``(K, n, A)``.
        rewards: Shape ``(K, n)``.
        following: What it saw next, at the end of an episode the last of it. Shape ``(K, n, O)``.
        dones: Shape ``(K, n)``.
        infos: K times n of them, without what stands above.
        version: Of the agent that chose them all.
        episodes: Number of the episode that each environment is in now; -1 for one that does not
            say.
    """

    observations: np.ndarray
    actions: np.ndarray
    rewards: np.ndarray
    following: np.ndarray
    dones: np.ndarray
    infos: list[list[dict[str, Any]]]
    version: int
    episodes: list[int]


class Player(Worker):
    """Body of a worker whose environments are steered where they are, by a copy of the actor."""

    OWN = ("make", "begin", "play")

    def _make(self, makers: Any) -> tuple[Any, Any]:
        one_thread()
        self._envs = makers.var()
        return self._envs.observation_space, self._envs.action_space

    def _begin(self, design: Design, seed: int, episodes: list[int | None]) -> None:
        """Begin an episode in every environment.

        Args:
            design: Of the actor.
            seed: Of the first environment; the others follow.
            episodes: Number of each one's next episode; None is the first.
        """
        begun = max(episode or 0 for episode in episodes)
        # Whoever takes the place of another does not explore as that one did.
        self._explorer = Explorer(design, episode_seed(seed, begun) if begun else seed)
        self._version = 0
        self._envs.seed(seed)
        for index, episode in enumerate(episodes):
            if episode is not None:
                self._envs.env_method("continue_at", episode, indices=index)
        self._seen = np.array(self._envs.reset())

    def _play(self, count: int, version: int, weights: bytes | None = None) -> Played:
        """Take decisions with one agent.

        Args:
            count: How many of each environment; 0 is until an episode ends.
            version: Of the weights.
            weights: The actor's, if they are others than before.
        """
        if weights is not None:
            self._explorer.take(weights)
            self._version = version
        taken: list[tuple[Any, ...]] = []
        while not taken or (len(taken) < count if count else not taken[-1][4].any()):
            actions = self._explorer.act(self._seen)
            seen, rewards, dones, infos = self._envs.step(actions)
            following = np.array(seen)
            for index, info in enumerate(infos):
                last = info.pop("terminal_observation", None)
                if dones[index]:
                    following[index] = last
            taken.append((self._seen, actions, rewards, following, dones, infos))
            self._seen = np.array(seen)
        *arrays, infos = zip(*taken, strict=True)
        episodes = [info.get(EPISODE, -1) for info in self._envs.reset_infos]
        seen, actions, rewards, following, dones = map(np.stack, arrays)
        known = list(infos), self._version, episodes
        return Played(seen, actions, rewards, following, dones, *known)
