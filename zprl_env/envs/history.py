"""History of observations: the last few steps side by side, for policies that take several."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Any

import gymnasium as gym
import numpy as np

from zprl_env.envs.cameras.lazy import LazyObservation
from zprl_env.envs.spaces import is_image
from zprl_env.errors import PolicyMismatchError


def n_obs_steps(policy: object) -> int:
    """Return of how many steps a policy takes observations: 1, unless it says more.

    >>> n_obs_steps(object())
    1
    """
    return int(getattr(policy, "n_obs_steps", 1))


def past_name(camera: str, steps: int) -> str:
    """Return the name of a camera's picture of some steps ago.

    >>> past_name("front", 0), past_name("front", 2)
    ('front', 'front-2')
    """
    return f"{camera}-{steps}" if steps else camera


class ObservationHistory(gym.Wrapper[Any, Any, Any, Any], gym.utils.RecordConstructorArgs):
    """Wrapper that shows the observations of the last steps, the oldest first.

    Steps are the environment's, also within a chunk of actions. A flat observation of size O
    becomes one of ``steps * O``. Of a ``Dict``, numbers become so, and of each picture there are
    several: ``front-1`` is that of ``front`` one step ago. At the beginning of an episode the first
    observation is repeated.

    Within a chunk only the pictures of its last steps are taken. Where an episode ends before
    them, what was not taken is the earliest one that was.

    Example:
        >>> env = ObservationHistory(gym.make("Pendulum-v1"), 2)
        >>> seen, _ = env.reset(seed=0)
        >>> following, *_ = env.step(env.action_space.sample())
        >>> seen.shape, bool((following[:3] == seen[3:]).all())
        ((6,), True)
    """

    def __init__(self, env: gym.Env, steps: int) -> None:
        """Wrap an environment with a flat ``Box``, or a ``Dict`` of such and pictures.

        Args:
            env: The environment.
            steps: How many steps, at least 1.

        Raises:
            PolicyMismatchError: Its observations are neither.
        """
        gym.utils.RecordConstructorArgs.__init__(self, steps=steps)
        super().__init__(env)
        self.steps = steps
        self._past: deque[Any] = deque(maxlen=steps)
        self._looks = True
        space = env.observation_space
        if isinstance(space, gym.spaces.Dict):
            self._pictures = [name for name, part in space.spaces.items() if is_image(part)]
            parts = OrderedDict[str, gym.Space]()  # gymnasium sorts a plain dict
            for name, part in space.spaces.items():
                if name in self._pictures:
                    parts |= {past_name(name, ago): part for ago in reversed(range(steps))}
                else:
                    parts[name] = _tiled(part, steps)
            self.observation_space = gym.spaces.Dict(parts)
        else:
            self._pictures = []
            self.observation_space = _tiled(space, steps)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode with its first observation, repeated."""
        self._looks = True
        observation, info = self.env.reset(seed=seed, options=options)
        self._past.extend([observation] * self.steps)
        return self._shown(), info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Take a step, and show its observation after those before it."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        if self._pictures and not self._looks and not (terminated or truncated):
            observation = _unseen(observation, self._pictures)
        self._past.append(observation)
        return self._shown(), reward, terminated, truncated, info

    def look(self, at_it: bool) -> None:
        """Say whether the pictures of the next steps will be looked at, as a chunk knows."""
        self._looks = at_it

    def _shown(self) -> Any:
        past = [*self._past]
        newest = past[-1]
        if not isinstance(newest, dict):
            return np.concatenate(past, axis=-1)
        numbers = {
            name: np.concatenate([one[name] for one in past], axis=-1)
            for name in newest
            if name not in self._pictures
        }
        names = tuple(
            past_name(name, ago) for name in self._pictures for ago in reversed(range(self.steps))
        )
        seen = LazyObservation(numbers, names, lambda: self._taken(past))
        within_a_chunk = isinstance(newest, LazyObservation) or not self._looks
        return seen if within_a_chunk else seen.complete()

    def _taken(self, past: list[Any]) -> dict[str, np.ndarray]:
        """Take the pictures of the last steps, or find those that were."""
        found: dict[str, np.ndarray] = {}
        for name in self._pictures:
            frame: np.ndarray | None = None
            for ago, one in enumerate(reversed(past)):
                frame = one.get(name, frame)
                if frame is not None:
                    found[past_name(name, ago)] = frame
        return found


def _unseen(observation: Any, pictures: list[str]) -> dict[str, Any]:
    """Return an observation whose pictures are not looked at."""
    return {name: observation[name] for name in observation if name not in pictures}


def _tiled(space: gym.Space, steps: int) -> gym.spaces.Box:
    if not isinstance(space, gym.spaces.Box) or len(space.shape) != 1:
        raise PolicyMismatchError(
            f"A history is of flat observations and pictures. Got: {space}. Flatten it first."
        )
    low, high = np.tile(space.low, steps), np.tile(space.high, steps)
    return gym.spaces.Box(low, high, dtype=space.dtype.type)


def with_history(env: gym.Env, steps: int) -> gym.Env:
    """Show the last steps of an environment; it is left alone if one is all there is to see.

    >>> env = gym.make("Pendulum-v1")
    >>> with_history(env, 1) is env, with_history(env, 3).observation_space.shape
    (True, (9,))
    """
    return env if steps == 1 else ObservationHistory(env, steps)


def history_in(env: gym.Env) -> ObservationHistory | None:
    """Find the history that an environment shows already; None if it shows none."""
    while isinstance(env, gym.Wrapper):
        if isinstance(env, ObservationHistory):
            return env
        env = env.env
    return None


def check_history(found: ObservationHistory, policy: object) -> None:
    """Refuse a history of another length than a policy takes.

    Raises:
        PolicyMismatchError: It is.
    """
    if found.steps != n_obs_steps(policy):
        raise PolicyMismatchError(
            f"The policy takes the observations of {n_obs_steps(policy)} steps. Got an environment "
            f"that shows {found.steps}. Leave its ObservationHistory out: it is put in as needed."
        )
