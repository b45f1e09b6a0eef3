"""Signals that would end a process while its arms move: they become an exception instead."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from policies.commands.signals import OTHERS, listened_to


@contextmanager
def stopping_on_signals() -> Iterator[None]:
    """Have SIGTERM and SIGHUP raise ``SystemExit``, where they would end the process at once.

    What is under way is then unwound, or else what :mod:`atexit` does brings the arms to rest.
    Handlers that somebody has put there are left alone, and outside the main thread, where none
    can be put, nothing is done.

    >>> import os
    >>> try:
    ...     with stopping_on_signals():
    ...         os.kill(os.getpid(), signal.SIGTERM)
    ... except SystemExit as ended:
    ...     print(ended.code - 128 == signal.SIGTERM)
    True
    """
    put = []
    if threading.current_thread() is threading.main_thread():
        for number in listened_to(OTHERS):
            if signal.getsignal(number) == signal.SIG_DFL:
                signal.signal(number, _end)
                put.append(number)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            for number in put:
                if signal.getsignal(number) is _end:
                    signal.signal(number, signal.SIG_DFL)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)
