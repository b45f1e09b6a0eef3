"""Places of connections at a robot's server: idle ones make room, so that a stop gets through."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST, LEAST = 100, 2
"""Connections that are kept open at most, and at least, whatever the system allows."""
BACKLOG = 12
"""Newcomers that are let in together, in one turn of the server's loop."""
TURNS = 4
"""Turns of it from letting one in until the one whose place it takes has given its own back."""
RESERVE = TURNS * BACKLOG + 16
"""Descriptors that are left for them and for pictures, the robot's own line, files."""


def places() -> int:
    """Return how many connections may be open at once, by the descriptors that are left."""
    try:
        import resource

        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        left = limit - len(os.listdir("/proc/self/fd")) - RESERVE
    except (ImportError, OSError, ValueError):
        return MOST
    return max(LEAST, min(MOST, left))


def keeping_places(most: int) -> type[H11Protocol]:
    """Make a protocol for uvicorn by which a newcomer is always let in.

    A server whose descriptors are all taken accepts nobody, not even who wants the arms to stop.
    Here whoever comes beyond ``most`` takes the place of the one that has been idle longest; of
    those whose request has not come in as a whole, if nobody is idle; and else of the oldest.

    Args:
        most: Connections that may be open at once.

    Returns:
        The class, for ``uvicorn.Config(http=...)``.
    """

    class Protocol(H11Protocol):
        """HTTP/1.1 that remembers when it was last spoken to."""

        def connection_made(self, transport: Any) -> None:
            """Let a connection in, and another one go if there are too many."""
            self.last = time.monotonic()
            super().connection_made(transport)
            others: list[Any] = [other for other in self.connections if other is not self]
            if len(others) >= most:
                min(others, key=_worth).leave()

        def data_received(self, data: bytes) -> None:
            """Take what was sent."""
            self.last = time.monotonic()
            super().data_received(data)

        def leave(self) -> None:
            """Give this connection's descriptor back at once, whatever was still to be sent."""
            self.connections.discard(self)
            with suppress(AttributeError):
                self.transport.abort()

    return Protocol


def _worth(connection: Any) -> tuple[int, float]:
    """Rank a connection by how little would be lost with it, the first to go first."""
    cycle = connection.cycle
    if cycle is None or cycle.response_complete:
        return 0, connection.last
    return (1 if cycle.more_body else 2), connection.last
