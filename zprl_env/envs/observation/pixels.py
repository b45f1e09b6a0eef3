"""Observations with ``pixels``, as LeRobot's environments have them, for a policy that sees.

gym-pusht, gym-aloha, gym-hil and others show ``{"pixels": ..., "agent_pos": ...}``, where
``pixels`` is a picture, or pictures by camera. LeRobot calls a picture alone ``image``, and its
policies are trained with these names.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

import gymnasium as gym
import numpy as np

from policies.pictures.settings import STATE
from zprl_env.envs.spaces import is_image

PIXELS, ALONE = "pixels", "image"
"""Name of the pictures, and LeRobot's name of the camera if there is one alone."""


class PixelsObservation(gym.ObservationWrapper[Any, Any, Any], gym.utils.RecordConstructorArgs):
    """Wrapper that gives pictures by camera, and all numbers beside them as ``state``.

    Example:
        >>> class Seen(gym.Env):
        ...     observation_space = gym.spaces.Dict(
        ...         pixels=gym.spaces.Box(0, 255, (96, 96, 3), np.uint8),
        ...         agent_pos=gym.spaces.Box(0.0, 512.0, (2,)),
        ...     )
        >>> {name: box.shape for name, box in PixelsObservation(Seen()).observation_space.items()}
        {'state': (2,), 'image': (96, 96, 3)}
    """

    def __init__(self, env: gym.Env) -> None:
        """Wrap an environment whose observation :func:`has_pixels`."""
        gym.utils.RecordConstructorArgs.__init__(self)
        super().__init__(env)
        parts: Mapping[str, Any] = env.observation_space.spaces  # type: ignore[attr-defined]
        self._numbers = [name for name in parts if name != PIXELS]
        spaces: dict[str, gym.Space] = {}
        if self._numbers:
            low, high = (
                np.concatenate([np.ravel(getattr(parts[n], end)) for n in self._numbers])
                for end in ("low", "high")
            )
            spaces[STATE] = gym.spaces.Box(low.astype(np.float32), high.astype(np.float32))
        spaces |= _by_camera(parts[PIXELS])
        self.observation_space = gym.spaces.Dict(OrderedDict(spaces))  # gymnasium sorts a dict

    def observation(self, observation: Any) -> dict[str, Any]:
        """Rename an observation; pictures stay as they are."""
        numbers = [np.ravel(np.asarray(observation[n], np.float32)) for n in self._numbers]
        state = {STATE: np.concatenate(numbers)} if numbers else {}
        return state | _by_camera(observation[PIXELS])


def has_pixels(space: gym.Space) -> bool:
    """Tell whether an observation is ``pixels``, one or by camera, and flat numbers.

    >>> has_pixels(gym.spaces.Dict(pixels=gym.spaces.Box(0, 255, (96, 96, 3), np.uint8)))
    True
    """
    if not isinstance(space, gym.spaces.Dict) or PIXELS not in space.spaces:
        return False
    numbers = [part for name, part in space.items() if name != PIXELS]
    pictures = _by_camera(space[PIXELS]).values()
    return (
        bool(pictures)
        and all(map(is_image, pictures))
        and all(isinstance(part, gym.spaces.Box) and not is_image(part) for part in numbers)
    )


def with_cameras(env: gym.Env, cameras: Iterable[str]) -> gym.Env:
    """Wrap an environment with ``pixels`` for a policy that sees through cameras of other names.

    Args:
        env: Any environment.
        cameras: The policy's; none if it sees states.

    >>> env = gym.make("Pendulum-v1")
    >>> with_cameras(env, ["image"]) is env
    True
    """
    cameras = tuple(cameras)
    if not cameras or PIXELS in cameras or not has_pixels(env.observation_space):
        return env
    return PixelsObservation(env)


def _by_camera(pixels: Any) -> dict[str, Any]:
    """Return pictures, or their spaces, by camera."""
    if isinstance(pixels, Mapping | gym.spaces.Dict):
        return dict(pixels.items())
    return {ALONE: pixels}
