"""Chosen parts of the state beside pictures, in the order that a policy takes them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

import gymnasium as gym
import numpy as np

from policies.pictures.settings import STATE
from zprl_env.envs.cameras.lazy import with_part
from zprl_env.envs.spaces import unbounded_box
from zprl_env.errors import PolicyMismatchError


class ChosenState(gym.ObservationWrapper[Any, Any, Any], gym.utils.RecordConstructorArgs):
    """Wrapper that leaves in ``state`` what a policy that sees knows of it; pictures stay.

    An environment that observes ``"both"`` shows more of the state than such a policy takes.

    Attributes:
        observation_keys: Parts of the state that are left.
    """

    def __init__(self, env: gym.Env, keys: Iterable[str]) -> None:
        """Wrap an environment with cameras that says which entries of its state are which part.

        Args:
            env: The environment.
            keys: Parts of its state, in the policy's order.

        Raises:
            PolicyMismatchError: It has no such part.
        """
        keys = list(keys)
        gym.utils.RecordConstructorArgs.__init__(self, keys=keys)
        super().__init__(env)
        named: dict[str, slice] = env.get_wrapper_attr("observation_keys")
        if missing := [key for key in keys if key not in named]:
            raise PolicyMismatchError(
                f"The policy takes the proprioception {keys}. Got an environment with "
                f"{[*named]}, without {missing}. Its robot must be the policy's."
            )
        parts = [np.arange(named[key].start, named[key].stop) for key in keys]
        self._entries = np.concatenate([*parts, np.empty(0, int)]).astype(int)
        ends = np.cumsum([0, *map(len, parts)]).tolist()
        self.observation_keys = {key: slice(*ends[i : i + 2]) for i, key in enumerate(keys)}
        spaces = OrderedDict(env.observation_space.spaces)  # type: ignore[attr-defined]
        spaces[STATE] = unbounded_box(len(self._entries))
        self.observation_space = gym.spaces.Dict(spaces)

    def observation(self, observation: Any) -> Any:
        """Choose the parts; pictures that are not taken yet still need not be."""
        return with_part(observation, STATE, observation[STATE][self._entries])


def chosen_state(env: gym.Env, keys: Iterable[str] | None) -> gym.Env:
    """Choose the parts of the state that a policy that sees takes, where the environment has more.

    Args:
        env: An environment with cameras.
        keys: The policy's; none are chosen if it does not say.

    Returns:
        The environment itself if there is nothing to choose.
    """
    space = env.observation_space
    if not keys or not isinstance(space, gym.spaces.Dict) or STATE not in space.spaces:
        return env
    wanted = [*keys]
    named = env.get_wrapper_attr("observation_keys") if _says_keys(env) else None
    if not isinstance(named, dict) or [*named] == wanted or not named.keys() & {*wanted}:
        return env
    return ChosenState(env, wanted)


def _says_keys(env: gym.Env) -> bool:
    return bool(env.has_wrapper_attr("observation_keys"))
