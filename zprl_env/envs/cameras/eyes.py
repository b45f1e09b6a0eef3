"""Eyes of an environment: observations of its state and its cameras' pictures."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import gymnasium as gym
import numpy as np

from policies.pictures.settings import STATE, PictureSettings
from zprl_env.envs.cameras.lazy import LazyObservation, Take
from zprl_env.envs.spaces import unbounded_box


class Eyes:
    """Eyes of an environment: they put its state and its pictures into one observation.

    Args:
        settings: Cameras, size and quality.
        take: Takes a picture of the present state with each camera. Shape ``(H, W, 3)``, uint8.
        keys: Parts of the environment's flat state.
        felt: Names of those that a robot knows of itself.
        observation: ``"pixels"``, pictures and what is felt; ``"both"``, pictures and all of the
            state; or ``"state"``, which is flat, and pictures are there for whoever asks.

    Attributes:
        settings: The same.
        felt: The same.
        observation_space: Space of the observations.
        observation_keys: Parts of what is observed of the state.
    """

    def __init__(
        self,
        settings: PictureSettings,
        take: Take,
        keys: Mapping[str, slice],
        felt: Sequence[str],
        observation: str,
    ) -> None:
        self.settings, self._take, self.felt = settings, take, tuple(felt)
        self.observation_keys: dict[str, slice] = {}
        self._lazy = False
        self._open: weakref.ref[LazyObservation] | None = None
        self._flat = observation == "state"
        names = [name for name in keys if observation != "pixels" or name in felt]
        parts = [np.arange(keys[name].start, keys[name].stop) for name in names]
        self._entries = np.concatenate([*parts, np.empty(0, int)]).astype(int)
        start = 0
        for name, part in zip(names, parts, strict=True):
            self.observation_keys[name] = slice(start, start + len(part))
            start += len(part)
        state = unbounded_box(start)
        spaces = OrderedDict[str, gym.Space]({STATE: state} if start else {})
        shape = (*settings.image_size, 3)
        for camera in settings.cameras:
            spaces[camera] = gym.spaces.Box(0, 255, shape, np.uint8)
        self.observation_space = state if self._flat else gym.spaces.Dict(spaces)

    def see(self, state: np.ndarray) -> Any:
        """Return the observation of the present state.

        Args:
            state: The flat state. Shape ``(O,)``.
        """
        if self._flat:
            return state
        parts = {STATE: state[self._entries]} if len(self._entries) else {}
        if not self._lazy:
            return {**parts, **self.pictures()}
        seen = LazyObservation(parts, self.settings.cameras, self.pictures)
        self._open = weakref.ref(seen)
        return seen

    def pictures(self) -> dict[str, np.ndarray]:
        """Take a picture of the present state with each camera, in order."""
        taken = self._take()
        return {camera: taken[camera] for camera in self.settings.cameras}

    def settle(self) -> None:
        """Complete the observation that is held, before the state changes."""
        seen = None if self._open is None else self._open()
        self._open = None
        if seen is not None:
            seen.complete()

    @contextmanager
    def lazily(self) -> Iterator[None]:
        """Take pictures only when they are looked at, as long as this is entered."""
        before, self._lazy = self._lazy, True
        try:
            yield
        finally:
            self._lazy = before
