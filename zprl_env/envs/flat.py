"""Flatten observations: a ``Dict`` of boxes, or a box of any shape, as the flat box policies take.

The rule, in one place: a policy that has ``observation_keys`` gets these, in its order, and no
others; any other policy gets all of them in the space's own order, which is alphabetical where
gymnasium was given a plain dict. Each part is raveled in C order and cast to float32. A flat box
stays as it is. Images are refused: nothing encodes them yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import gymnasium as gym
import numpy as np

from zprl_env.errors import PolicyMismatchError

OBSERVATION = "observation"
"""Name of the only part of an observation that is one box."""


class FlatObservation(
    gym.ObservationWrapper[np.ndarray, Any, Any], gym.utils.RecordConstructorArgs
):
    """Wrapper that concatenates the parts of an observation to one float32 vector.

    Attributes:
        observation_keys: Which entries of the vector are which part.

    Example:
        >>> env = FlatObservation(gym.make("Blackjack-v1"))
        Traceback (most recent call last):
        policies.errors.PolicyMismatchError: A policy takes a flat Box or a Dict of them. Got an ...
    """

    def __init__(self, env: gym.Env, keys: Iterable[str] | None = None) -> None:
        """Wrap an environment.

        Args:
            env: An environment whose observation is a ``Box``, or a ``Dict`` of ``Box``.
            keys: The parts to take, in order; all in the space's order if not given.

        Raises:
            PolicyMismatchError: The observation is something else, or has no such part.
        """
        gym.utils.RecordConstructorArgs.__init__(self, keys=keys)
        super().__init__(env)
        boxes = _boxes(env.observation_space, None if keys is None else list(keys))
        self._named = isinstance(env.observation_space, gym.spaces.Dict)
        self.observation_keys: dict[str, slice] = {}
        start = 0
        for key, box in boxes.items():
            size = int(np.prod(box.shape))
            self.observation_keys[key] = slice(start, start + size)
            start += size
        low, high = (
            np.concatenate([np.ravel(getattr(box, end)) for box in boxes.values()])
            for end in ("low", "high")
        )
        self.observation_space = gym.spaces.Box(
            low.astype(np.float32), high.astype(np.float32), dtype=np.float32
        )

    def observation(self, observation: Any) -> np.ndarray:
        """Flatten an observation. Shape ``(O,)``, float32."""
        parts = observation if self._named else {OBSERVATION: observation}
        return np.concatenate(
            [np.ravel(np.asarray(parts[key], np.float32)) for key in self.observation_keys]
        )


def flat_environment(env: gym.Env, policy: object = None) -> gym.Env:
    """Give an environment the flat observations that a policy takes.

    Args:
        env: Any environment.
        policy: The policy, whose ``observation_keys`` choose and order the parts of a ``Dict``.

    Returns:
        The environment itself if its observations are a flat ``Box``, else a
        :class:`FlatObservation` of it.

    Raises:
        PolicyMismatchError: The observation is no box and no ``Dict`` of boxes, or lacks a part.

    >>> env = gym.make("Pendulum-v1")
    >>> flat_environment(env) is env
    True
    """
    return flatten(env, observation_keys(policy))


def flatten(env: gym.Env, keys: Iterable[str] | None = None) -> gym.Env:
    """Flatten observations by keys alone, for processes that do not hold the policy."""
    space = env.observation_space
    if isinstance(space, gym.spaces.Box) and len(space.shape) == 1:
        return env
    return FlatObservation(env, keys)


def observation_keys(policy: object) -> tuple[str, ...] | None:
    """Return the keys that a policy's observation consists of, in order; None if it does not say.

    They stand in its ``observation_keys``, or in a checkpoint's description.
    """
    keys = getattr(policy, "observation_keys", None)
    if keys is None:
        metadata = getattr(policy, "metadata", None)
        keys = metadata.get("observation_keys") if isinstance(metadata, Mapping) else None
    return tuple(keys) if keys else None


def _boxes(space: gym.Space, keys: list[str] | None) -> dict[str, gym.spaces.Box]:
    """Return the parts to take, each of them checked."""
    if isinstance(space, gym.spaces.Box):
        parts: dict[str, gym.Space] = {OBSERVATION: space}
    elif isinstance(space, gym.spaces.Dict):
        parts = dict(space.spaces)
        if missing := [key for key in keys or () if key not in parts]:
            raise PolicyMismatchError(
                f"The policy takes the observations {keys}. Got an environment with "
                f"{list(parts)}, without {missing}. Rename or add them by "
                "gymnasium.wrappers.TransformObservation."
            )
        parts = {key: parts[key] for key in keys or parts}
    else:
        raise PolicyMismatchError(
            f"A policy takes a flat Box or a Dict of them. Got an environment with observations "
            f"{space}. Wrap it in gymnasium.wrappers.FlattenObservation."
        )
    return {key: _box(key, part) for key, part in parts.items()}


def _box(key: str, part: gym.Space) -> gym.spaces.Box:
    if not isinstance(part, gym.spaces.Box):
        raise PolicyMismatchError(
            f"A policy takes a Dict of Box. Got an environment whose {key!r} is {part}. Leave it "
            "out by gymnasium.wrappers.FilterObservation, or wrap the environment in "
            "gymnasium.wrappers.FlattenObservation."
        )
    if part.dtype == np.uint8 and len(part.shape) == 3:
        raise PolicyMismatchError(
            f"A policy takes numbers: images are not handled yet. Got an environment whose {key!r} "
            f"is an image, {part}. Leave it out by gymnasium.wrappers.FilterObservation, or give "
            "the environment's state instead."
        )
    return part
