"""Latency: commands and measurements that are on their way and arrive later, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class DelayLine(Generic[T]):
    """A queue of items that arrive after a delay each; none overtakes another.

    Args:
        capacity: Items that it holds; of more, the oldest are lost. Any number if None.

    Example:
        >>> line = DelayLine[str]()
        >>> line.send("first", due=0.3), line.send("second", due=0.2)
        (0.3, 0.3)
        >>> [*line.arrived(0.25)], [*line.arrived(0.3)]
        ([], ['first', 'second'])
    """

    def __init__(self, capacity: int | None = None) -> None:
        self._items: deque[tuple[float, T]] = deque(maxlen=capacity)

    def send(self, item: T, due: float) -> float:
        """Put an item on its way.

        Args:
            item: What.
            due: When it arrives unless something before it is later [s].

        Returns:
            When it arrives [s].
        """
        if self._items:
            due = max(due, self._items[-1][0])
        self._items.append((due, item))
        return due

    def arrived(self, now: float) -> Iterator[T]:
        """Take out the items that have arrived by a time [s], in the order they were sent."""
        while self._items and self._items[0][0] <= now:
            yield self._items.popleft()[1]

    def clear(self) -> None:
        """Drop everything that is on its way."""
        self._items.clear()
