"""Wrapper that gives every episode a seed of its own, so that any of them can be replayed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np

from zprl_env.envs.conditions import check_single

EPISODE, EPISODE_SEED = "episode", "episode_seed"
"""Keys of reset's ``info``: the episode's number and its seed."""
POLICY_SEED = "policy_seed"
"""Key of reset's ``info``: the seed that the policy's random generator starts anew from; only where
the environment's own was seeded, whoever did that and whether before it was wrapped or after."""


def episode_seed(seed: int, episode: int) -> int:
    """Compute the seed of one of the episodes that follow from a first seed.

    It is above 2^31, where no seed of an evaluation lies.

    >>> episode_seed(0, 0) != episode_seed(0, 1) != episode_seed(1, 0)
    True
    """
    (state,) = np.random.SeedSequence([seed, episode]).generate_state(1)
    return 2**31 + int(state) // 2


def policy_seed(info: Mapping[str, Any], otherwise: int | None = None) -> int | None:
    """Read the seed of the policy's random generator from reset's ``info``.

    Args:
        info: Of :class:`~zprl_env.ActionChunkWrapper`, or of a wrapper around it.
        otherwise: The seed if the info has none.

    >>> policy_seed({"episode_seed": 5, "policy_seed": 3}), policy_seed({}) is None
    (5, True)
    """
    seed: int | None = info.get(EPISODE_SEED, info.get(POLICY_SEED, otherwise))
    return seed


class SeededEpisodes(gym.Wrapper[Any, Any, Any, Any], gym.utils.RecordConstructorArgs):
    """Wrapper that gives every episode a seed of its own.

    An environment that is seeded once goes through its episodes like a chain, each link of which
    needs those before it. Here an episode follows from the first seed and its number alone, and the
    steering's random generator is seeded with it.

    Example:
        >>> import gymnasium as gym
        >>> env = SeededEpisodes(gym.make("Pendulum-v1"))
        >>> _ = env.reset(seed=0), env.reset()
        >>> second, info = env.reset()
        >>> _ = env.reset(seed=0)
        >>> env.continue_at(2)
        >>> again, info = env.reset()
        >>> info["episode"], bool((second == again).all())
        (2, True)
    """

    def __init__(self, env: gym.Env) -> None:
        """Wrap an environment in which ``reset(seed=...)`` brings the same episode again."""
        check_single(env, "SeededEpisodes")
        gym.utils.RecordConstructorArgs.__init__(self)
        super().__init__(env)
        self._seed = int(np.random.SeedSequence().generate_state(1)[0])
        self._next = 0
        self._chosen: int | None = None

    def continue_at(self, episode: int) -> None:
        """Choose the number of the next episode, whether it comes with a seed or without one."""
        self._chosen = episode

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin the next episode; a seed begins the first one of those that follow from it."""
        if seed is not None:
            self._seed, self._next = seed, 0
        if self._chosen is not None:
            self._next, self._chosen = self._chosen, None
        own = episode_seed(self._seed, self._next)
        observation, info = self.env.reset(seed=own, options=options)
        info = {**info, EPISODE: self._next, EPISODE_SEED: own}
        self._next += 1
        return observation, info
