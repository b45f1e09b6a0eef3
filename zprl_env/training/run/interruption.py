"""Interruption of a run by Ctrl-C, SIGTERM or SIGHUP that waits until nothing is half done."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any

from policies.commands.signals import OTHERS, answering, listened_to


class Interrupted(KeyboardInterrupt):
    """The run was ended on request, at a moment at which it could be saved."""


class Interruption:
    """Handler of Ctrl-C that notes the request, to be obeyed when nothing is half done.

    The first Ctrl-C, ``SIGTERM`` of a cluster or ``SIGHUP`` of a terminal is a wish; the second
    ends at once, as ``KeyboardInterrupt``. Outside the main thread, where no signals arrive, there
    is only :meth:`request`.

    Example:
        >>> with Interruption(print) as interruption:
        ...     interruption.check()
        ...     interruption.request()
        >>> interruption.requested
        True
    """

    def __init__(
        self, say: Callable[[str], Any], on_request: Callable[[], Any] = lambda: None
    ) -> None:
        """Prepare to listen.

        Args:
            say: Told when a request arrives.
            on_request: Called then, to shorten whatever is being waited for.
        """
        self.requested = False
        self._say, self._on_request = say, on_request
        self._listening = answering(self._on_signal, (signal.SIGINT, *listened_to(OTHERS)))

    def request(self) -> None:
        """Request the end."""
        self.requested = True
        self._on_request()

    def check(self) -> None:
        """End if that was requested.

        Raises:
            Interrupted: It was.
        """
        if self.requested:
            raise Interrupted

    def __enter__(self) -> Interruption:
        self._listening.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._listening.__exit__(kind, error, traceback)

    def _on_signal(self) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.request()
        with suppress(OSError):  # of a terminal that went away
            self._say("Ending as soon as nothing is half done; once more ends at once.")
