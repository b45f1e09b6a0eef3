"""Committed actions: those of the last chunk that are executed while the next one is decided."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import gymnasium as gym
import numpy as np

from zprl_env.ahead.delay import impossible
from zprl_env.errors import DelayWarning

AHEAD = "ahead"
"""Key of ``info`` under which a chunk that was decided ahead is told of."""


class Committed:
    """Bookkeeping of the actions that an agent cannot change any more, for its observation.

    With a delay of d actions a decision takes effect d actions after its observation. Until then
    the last d actions of the chunk before are executed, whatever is decided: they and how many they
    are belong to the state, and stand in front of the agent's observation. Before the first
    decision of an episode, and where they were dropped, there are none: the number says so, and the
    last action that was executed stands in their place, or 0, in the middle of the action's range.

    Args:
        delay: Number d of actions, at least 1.
        n_action_steps: Actions n between two decisions.
        space: Bounds of the environment's action, of size A: a ``Box``.

    Example:
        >>> space = gym.spaces.Box(-2.0, 2.0, (1,))
        >>> committed = Committed(1, 2, space)
        >>> committed.rows([0]).tolist()  # nothing yet
        [[0.0, 0.0]]
        >>> told = {"env_steps": 2, "ahead": {"committed": 1}}
        >>> committed.note(np.array([[[0.0], [0.5], [1.0]]]), [told])
        >>> committed.rows([0]).tolist()  # half of the largest action, and half of a chunk
        [[0.5, 0.5]]
    """

    def __init__(self, delay: int, n_action_steps: int, space: gym.Space) -> None:
        assert isinstance(space, gym.spaces.Box)  # as ActionChunkWrapper has made sure
        self.delay, self.n_action_steps = delay, n_action_steps
        self.size = delay * int(np.prod(space.shape)) + 1
        self._low = np.asarray(space.low, np.float32)
        self._high = np.asarray(space.high, np.float32)
        with np.errstate(over="ignore", invalid="ignore"):
            half, middle = (self._high - self._low) / 2.0, (self._high + self._low) / 2.0
        bounded = np.isfinite(half) & (half > 0.0)
        self._half = np.where(bounded, half, 1.0).astype(np.float32)
        self._middle = np.where(bounded, middle, 0.0).astype(np.float32)
        self._told = False
        self._actions: dict[int, np.ndarray] = {}
        self._counts: dict[int, int] = {}

    def note(self, chunks: np.ndarray, infos: Sequence[Mapping[str, Any]]) -> None:
        """Note what environments did with their chunks.

        Args:
            chunks: Decided actions. Shape ``(B, n_action_steps + delay, A)``.
            infos: What :class:`~zprl_env.ActionChunkWrapper` said of each.
        """
        for index, (chunk, info) in enumerate(zip(chunks, infos, strict=True)):
            if AHEAD not in info:  # its worker has died, and nothing is known of it
                self.forget([index])
                continue
            before = self._counts.get(index, 0)
            planned = np.clip(chunk, self._low, self._high)
            if before:
                planned = np.concatenate([self._actions[index][:before], planned[before:]])
            at, count = info["env_steps"], info[AHEAD]["committed"]
            ahead = planned[at : at + self.delay]
            last = planned[max(at - 1, 0)]
            self._actions[index] = ahead if count else np.tile(last, (self.delay, 1))
            self._counts[index] = count

    def check(self, infos: Sequence[Mapping[str, Any]], horizon: int) -> None:
        """Warn once if decisions take longer than was stated, 99 times of 100.

        Args:
            infos: As :meth:`note` takes them.
            horizon: Actions of a chunk.

        Warns:
            DelayWarning: They do; which delay would do, or why none would.
        """
        told = [info[AHEAD]["needed"] or 0 for info in infos if AHEAD in info]
        needed = max(told, default=0)
        if needed <= self.delay or self._told:
            return
        self._told = True
        wrong = impossible(needed, self.n_action_steps, horizon)
        warnings.warn(
            f"A decision must be there after {self.delay} actions, the delay that was stated. Got: "
            f"{needed}, 99 times of 100; the arm brakes meanwhile. "
            + (f"No such delay fits: {wrong}" if wrong else f"Try delay={needed}."),
            DelayWarning,
            stacklevel=3,
        )

    def forget(self, indices: Iterable[int] | None = None) -> None:
        """Forget what was committed in environments that begin an episode; in all if None."""
        for index in [*self._counts] if indices is None else indices:
            self._actions.pop(index, None)
            self._counts.pop(index, None)

    def rows(self, indices: Sequence[int] | range) -> np.ndarray:
        """Return what agents see of it.

        Args:
            indices: Numbers of the environments.

        Returns:
            The actions, in [-1, 1] of their range where they have one, and how many of them will be
            executed, over n. Shape ``(B, delay * A + 1)``, float32.
        """
        seen = np.zeros((len(indices), self.size), np.float32)
        for row, index in zip(seen, indices, strict=True):
            if index in self._actions:
                row[:-1] = ((self._actions[index] - self._middle) / self._half).ravel()
                row[-1] = self._counts[index] / self.n_action_steps
        return seen
