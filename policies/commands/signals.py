"""Signals that end a command as Ctrl-C does: SIGTERM, a cluster's, and SIGHUP, a dropped ssh's."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

ENDING = ("SIGTERM", "SIGHUP")
"""Signals besides Ctrl-C's SIGINT by which somebody wants an end; not all systems have both."""


def listened_to() -> list[signal.Signals]:
    """List those of `ENDING` that are to be answered: not what ``nohup`` had ignored."""
    known = [getattr(signal, name) for name in ENDING if hasattr(signal, name)]
    return [number for number in known if signal.getsignal(number) is not signal.SIG_IGN]


@contextmanager
def ending_as_by_ctrl_c() -> Iterator[None]:
    """Have SIGTERM and SIGHUP raise ``KeyboardInterrupt``, so that what Ctrl-C saves is saved.

    Handlers that somebody has put there are left alone, and so are other threads than the main one,
    in which no signals arrive.

    >>> import os
    >>> try:
    ...     with ending_as_by_ctrl_c():
    ...         os.kill(os.getpid(), signal.SIGTERM)
    ... except KeyboardInterrupt:
    ...     print("as by Ctrl-C")
    as by Ctrl-C
    """
    before: dict[signal.Signals, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for number in listened_to():
            if signal.getsignal(number) == signal.SIG_DFL:
                before[number] = signal.signal(number, _interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
