"""Time left in the observation: a wrapper of environments and one of policies, used together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np

from policies.encoding import ContextEncoding, Encoding, Observations, context_of, takes_context
from policies.meaning.ranges import Ranges
from zprl_env.envs.cameras.lazy import with_part
from zprl_env.errors import ConfigurationError
from zprl_env.steerable import SteerablePolicy


def episode_limit(env: gym.Env) -> int | None:
    """Return the number of environment steps after which an episode ends, None if it is unknown.

    >>> episode_limit(gym.make("Pendulum-v1"))
    200
    """
    layer: Any = env
    while isinstance(layer, gym.Wrapper):
        if isinstance(layer, gym.wrappers.TimeLimit):
            return int(layer._max_episode_steps)
        layer = layer.env
    preset = getattr(layer, "preset", None)  # a robot's, which ends its episodes itself
    limit = getattr(preset, "episode_steps", None) or getattr(env.spec, "max_episode_steps", None)
    return None if limit is None else int(limit)


TIME = "time_left"
"""Name of the time that is left beside pictures."""


class TimeLeftObservation(
    gym.ObservationWrapper[Any, np.ndarray, Any], gym.utils.RecordConstructorArgs
):
    """Wrapper that appends the share of the episode's time that is left to a flat observation.

    Beside pictures it is a part of its own, ``time_left``.

    Example:
        >>> env = TimeLeftObservation(gym.make("Pendulum-v1"))
        >>> observation, _ = env.reset(seed=0)
        >>> float(observation[-1]), float(env.step(env.action_space.sample())[0][-1])
        (1.0, 0.9950000047683716)
    """

    def __init__(self, env: gym.Env) -> None:
        """Wrap an environment with a flat ``Box`` of observations and a time limit.

        Raises:
            ConfigurationError: It has neither.
        """
        gym.utils.RecordConstructorArgs.__init__(self)
        super().__init__(env)
        limit, space = episode_limit(env), env.observation_space
        self._seen = isinstance(space, gym.spaces.Dict) and limit is not None
        if isinstance(space, gym.spaces.Dict) and limit is not None:
            self.limit, self._taken = limit, 0
            share = gym.spaces.Box(0.0, 1.0, (1,), np.float32)
            self.observation_space = gym.spaces.Dict({**space.spaces, TIME: share})
            return
        if limit is None or not isinstance(space, gym.spaces.Box) or len(space.shape) != 1:
            raise ConfigurationError(
                f"time_left must come with a flat observation and a time limit. Got: {space} and "
                f"{limit}. Wrap the environment in gymnasium.wrappers.TimeLimit."
            )
        self.limit, self._taken = limit, 0
        low, high = (np.asarray(end, np.float32) for end in (space.low, space.high))
        self.observation_space = gym.spaces.Box(
            np.append(low, np.float32(0.0)), np.append(high, np.float32(1.0)), dtype=np.float32
        )

    def reset(self, **kwargs: Any) -> tuple[Any, dict[str, Any]]:
        """Start an episode, with all of its time left."""
        self._taken = 0
        return super().reset(**kwargs)

    def step(self, action: np.ndarray) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Take a step, and a part of the time."""
        self._taken += 1
        return super().step(action)

    def observation(self, observation: Any) -> Any:
        """Append the time that is left, from 1 to 0."""
        left = max(0.0, 1.0 - self._taken / self.limit)
        if self._seen:
            return with_part(observation, TIME, np.array([left], np.float32))
        return np.append(np.asarray(observation, np.float32), np.float32(left))


class TimeLeftPolicy:
    """Policy that decides without the last number of an observation, and shows it to the agent.

    It encodes what the policy in it was trained on and passes the time on as one more feature, so
    that the agent sees it and the policy does not.
    """

    def __init__(self, policy: SteerablePolicy) -> None:
        """Put a policy in."""
        self.policy = policy
        self.feature_dim = policy.feature_dim + 1
        self._sees = bool(getattr(policy, "cameras", ()))
        if (size := getattr(policy, "observation_dim", None)) is not None:
            self.observation_dim = size if self._sees else size + 1

    def __getattr__(self, name: str) -> Any:
        if name in ("policy", "observation_keys", "normalize") or name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.policy, name)

    @property
    def observation_ranges(self) -> Ranges | None:
        """Ranges of the policy in it, and all of the time."""
        own = Ranges.of(self.policy, "observation")
        if own is None or self._sees:
            return own
        return Ranges.joined([own, Ranges.unknown(1)])

    def encode(self, observations: Observations, *indices: Any) -> Any:
        """Embed observations without the time that is left, which becomes the last feature."""
        if isinstance(observations, Mapping):
            left = observations[TIME]
            shown: Any = {name: part for name, part in observations.items() if name != TIME}
        else:
            left, shown = observations[:, -1:], observations[:, :-1]
        encoding = self.policy.encode(shown, *indices)
        features = np.concatenate([encoding[0], left], axis=1, dtype=np.float32)
        if takes_context(self.policy):
            return ContextEncoding(features, encoding[1], encoding[2], context_of(encoding))
        return Encoding(features, encoding[1], encoding[2])

    def decode(self, latents: np.ndarray, noise: np.ndarray, *context: Any) -> np.ndarray:
        """Generate action chunks, as the policy in it does."""
        chunks: np.ndarray = self.policy.decode(latents, noise, *context)
        return chunks
