"""Lazy observation of pictures, which are taken when they are first read, or never."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import gymnasium as gym
import numpy as np

Take = Callable[[], Mapping[str, np.ndarray]]


class LazyObservation(dict[str, Any]):
    """Observation whose pictures are taken when one of them is first read.

    It holds what it should whoever reads it, and whenever: the environment completes it before the
    state goes on, unless nobody keeps it any more. That is so within a chunk of actions, where only
    the last picture is looked at.

    Args:
        parts: What is there already, such as the state.
        cameras: Names of what is to come, in order.
        take: Takes the pictures.

    Example:
        >>> seen = LazyObservation({"state": 1}, ("front",), lambda: {"front": print("click")})
        >>> seen["state"], list(seen)
        (1, ['state', 'front'])
        >>> seen["front"]
        click
    """

    def __init__(self, parts: Mapping[str, Any], cameras: tuple[str, ...], take: Take) -> None:
        super().__init__({**parts, **dict.fromkeys(cameras)})
        self._awaited = frozenset(cameras)
        self._take: Take | None = take

    def complete(self) -> dict[str, Any]:
        """Take the pictures if they are not there yet, and return all as a plain dictionary."""
        if self._take is not None:
            take, self._take = self._take, None
            super().update(take())
        return {key: super(LazyObservation, self).__getitem__(key) for key in super().__iter__()}

    def __getitem__(self, key: str) -> Any:
        if key in self._awaited:
            self.complete()
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        """Return a part, as any dictionary does."""
        if key in self._awaited:
            self.complete()
        return super().get(key, default)

    # Without one of its own, {**seen} and dict(seen) would copy what is not there yet.
    def __iter__(self) -> Iterator[str]:
        return super().__iter__()

    def items(self) -> Any:
        """Return all parts with their names."""
        return self.complete().items()

    def values(self) -> Any:
        """Return all parts."""
        return self.complete().values()

    def copy(self) -> dict[str, Any]:
        """Return all parts in a plain dictionary."""
        return self.complete()

    def pop(self, key: str, *default: Any) -> Any:
        """Take a part out, as of any dictionary."""
        self.complete()
        return super().pop(key, *default)

    def __eq__(self, other: object) -> bool:
        return self.complete() == other

    __hash__ = None

    def __or__(self, other: Any) -> Any:
        return self.complete() | other

    def __ror__(self, other: Any) -> Any:
        return other | self.complete()

    def __repr__(self) -> str:
        return repr(self.complete())

    def __reduce__(self) -> Any:
        return dict, (self.complete(),)


def whole(observation: Any) -> Any:
    """Return an observation with its pictures taken, and any other as it is."""
    return observation.complete() if isinstance(observation, LazyObservation) else observation


def with_part(observation: Any, name: str, value: Any) -> Any:
    """Return an observation with one part more, or another one; pictures need not be taken for it.

    >>> seen = LazyObservation({"state": 1}, ("front",), lambda: {"front": print("click")})
    >>> with_part(seen, "state", 2)["state"], with_part({"state": 1}, "time", 3)
    (2, {'state': 1, 'time': 3})
    """
    if not isinstance(observation, LazyObservation):
        return {**observation, name: value}
    observation[name] = value  # it is of this step alone
    return observation


def lazy_pictures(env: gym.Env) -> AbstractContextManager[None]:
    """Let an environment take its pictures only when they are looked at, for a while.

    Args:
        env: Any environment; one without cameras is left alone.
    """
    eyes = getattr(env.unwrapped, "eyes", None)
    return nullcontext() if eyes is None else eyes.lazily()
