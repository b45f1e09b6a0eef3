"""Signals that would end a process while its arms move: they become an exception instead."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from policies.commands.signals import CTRL_C, OTHERS, later, listened_to

USUAL = (signal.SIG_DFL, signal.default_int_handler)
"""Handlers of a process that has put none of its own there."""


@contextmanager
def stopping_on_signals() -> Iterator[None]:
    """Have SIGTERM and SIGHUP raise ``SystemExit``, where they would end the process at once.

    They and Ctrl-C wait until a command that is being made has been sent. What is under way is then
    unwound, or else what :mod:`atexit` does brings the arms to rest.
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
    put = {}
    if threading.current_thread() is threading.main_thread():
        for number in listened_to((*CTRL_C, *OTHERS)):
            if (before := signal.getsignal(number)) in USUAL:
                signal.signal(number, _end)
                put[number] = before
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            for number, before in put.items():
                if signal.getsignal(number) is _end:
                    signal.signal(number, before)


def _end(number: int, frame: FrameType | None) -> None:
    if not later(lambda: _raise(number)):
        _raise(number)


def _raise(number: int) -> NoReturn:
    raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)
