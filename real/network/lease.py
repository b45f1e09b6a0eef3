"""The lease of a served robot: one client at a time may move it, for as long as it is heard of."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from zprl_env.errors import ZprlError

LEASE = 2.0
"""Silence after which another client may have the arms [s]; a heartbeat comes much more often."""


class CommandRefusedError(ZprlError):
    """A command that is impossible, or not now."""


class Lease:
    """Lease of the arms, which the first to command them gets and keeps until it falls silent.

    Args:
        seconds: Silence after which another one may have them [s].
        now: The time [s].

    Example:
        >>> times = iter([0.0, 1.0, 1.5, 9.0])
        >>> lease = Lease(2.0, lambda: next(times))
        >>> lease.claim("trainer")
        >>> lease.claim("somebody")
        Traceback (most recent call last):
        real.network.lease.CommandRefusedError: The arms are of trainer, ...
        >>> lease.renew("trainer")
        True
        >>> lease.claim("somebody")  # after a long silence
    """

    def __init__(self, seconds: float = LEASE, now: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self.holder: str | None = None
        self._now = now
        self._heard = 0.0
        self._lock = threading.Lock()

    @property
    def present(self) -> str | None:
        """Holder who was heard of lately; None if another one may have the arms."""
        with self._lock:
            return self.holder if self._now() - self._heard <= self.seconds else None

    def claim(self, client: str) -> None:
        """Get the lease, or keep it.

        Raises:
            CommandRefusedError: Another client has it.
        """
        with self._lock:
            now = self._now()
            silence = now - self._heard
            if self.holder not in (None, client) and silence <= self.seconds:
                raise CommandRefusedError(
                    f"The arms are of {self.holder}, which was heard of {silence:.1f} s ago. "
                    f"Stop it, or wait until it has been silent for {self.seconds:g} s."
                )
            self.holder, self._heard = client, now

    def renew(self, client: str) -> bool:
        """Note that a client was heard of; whether it has the lease."""
        with self._lock:
            if client != self.holder:
                return False
            self._heard = self._now()
            return True

    def leave(self, client: str) -> None:
        """Give the lease back, if this client has it."""
        with self._lock:
            if client == self.holder:
                self.holder = None
