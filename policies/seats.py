"""Seats in a policy that remembers: numbers that one wrapper's environments have for themselves.

A policy with a memory of its episodes is told which environments a batch is of, by number. Several
wrappers may hold the same policy: training beside its evaluation, one environment after another in
a vectorised one. Each takes seats of its own, so that none of them writes over another's memory.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Any

_TAKEN: dict[int, set[int]] = {}
"""Numbers that are taken, by the identity of whoever remembers."""
_KEPT: list[Any] = []
"""Objects that cannot tell when they are gone; kept, so that their identity stays theirs."""


class Seats:
    """Numbers in a policy's memory for the environments 0, 1, ... of one holder.

    A seat is taken when its environment is first named, the lowest that is free, and given back
    when this object is gone.

    Args:
        policy: A policy with ``reset(indices)``.

    Example:
        >>> class Remembering:
        ...     def reset(self, indices): ...
        >>> policy = Remembering()
        >>> training, evaluation = Seats(policy), Seats(policy)
        >>> training.of(range(2)), evaluation.of([0]), training.of([1])
        ([0, 1], [2], [1])
        >>> del training
        >>> Seats(policy).of([0])
        [0]
    """

    def __init__(self, policy: Any) -> None:
        # A policy around another one hands on its reset: whose that is remembers.
        self._taken = _taken(getattr(policy.reset, "__self__", policy))
        self._own: dict[int, int] = {}
        weakref.finalize(self, _give_back, self._taken, self._own).atexit = False

    def of(self, indices: Iterable[int]) -> list[int]:
        """Return the policy's numbers of some environments.

        Args:
            indices: The holder's own numbers of them.
        """
        return [self._seat(int(index)) for index in indices]

    def new(self, indices: Iterable[int]) -> list[int]:
        """Return those environments that have no seat yet."""
        return [int(index) for index in indices if int(index) not in self._own]

    def all(self) -> list[int]:
        """Return the policy's numbers of all environments that have a seat."""
        return [*self._own.values()]

    def _seat(self, index: int) -> int:
        if index not in self._own:
            free = 0
            while free in self._taken:
                free += 1
            self._taken.add(free)
            self._own[index] = free
        return self._own[index]


def _taken(owner: Any) -> set[int]:
    key = id(owner)
    if key not in _TAKEN:
        _TAKEN[key] = set()
        try:
            weakref.finalize(owner, _TAKEN.pop, key, None).atexit = False
        except TypeError:
            _KEPT.append(owner)
    return _TAKEN[key]


def _give_back(taken: set[int], own: dict[int, int]) -> None:
    taken.difference_update(own.values())
