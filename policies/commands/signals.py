"""Signals that end a command as Ctrl-C does: SIGTERM, a cluster's, and SIGHUP, a dropped ssh's."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

CTRL_C, OTHERS = ("SIGINT",), ("SIGTERM", "SIGHUP")
"""Signals that ask a process to end; not every system has all of them."""
ECHO = 0.5
"""Time within which the same wish arrives more than once [s]: a terminal that goes away tells a
process, its group and its shell, which tells them again; ``timeout`` does alike."""

_heard, _depth = -ECHO, 0
_undivided = 0
_waiting: list[Callable[[], object]] = []


def listened_to(names: Sequence[str] = (*CTRL_C, *OTHERS)) -> list[signal.Signals]:
    """List the signals that are to be answered: not what ``nohup`` or a shell's ``&`` ignores."""
    known = [getattr(signal, name) for name in names if hasattr(signal, name)]
    return [number for number in known if signal.getsignal(number) is not signal.SIG_IGN]


@contextmanager
def answering(
    answer: Callable[[], object], numbers: Sequence[signal.Signals] | None = None
) -> Iterator[None]:
    """Call a function for every wish to end, in place of what would be done otherwise.

    An echo, which arrives right after SIGTERM or SIGHUP, is no second wish. Outside the main
    thread, where no signals arrive, nothing is done.

    Args:
        answer: What to call.
        numbers: Signals to answer; all that are :func:`listened_to` if not given.
    """

    def on_signal(number: int, frame: FrameType | None) -> None:
        global _heard
        if number != signal.SIGINT:
            before, _heard = _heard, time.monotonic()
            if _heard - before < ECHO:
                return
        if not later(answer):
            answer()

    global _heard, _depth
    _heard = _heard if _depth else -ECHO  # what another command has heard is no matter
    _depth += 1
    before: dict[signal.Signals, Any] = {}
    try:
        if threading.current_thread() is threading.main_thread():
            for number in listened_to() if numbers is None else numbers:
                before[number] = signal.signal(number, on_signal)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        _depth -= 1


@contextmanager
def ending_as_by_ctrl_c() -> Iterator[None]:
    """Have SIGTERM and SIGHUP raise ``KeyboardInterrupt``, so that what Ctrl-C saves is saved.

    Handlers that somebody has put there are left alone.

    >>> import os
    >>> try:
    ...     with ending_as_by_ctrl_c():
    ...         os.kill(os.getpid(), signal.SIGTERM)
    ... except KeyboardInterrupt:
    ...     print("as by Ctrl-C")
    as by Ctrl-C
    """
    usual = [n for n in listened_to(OTHERS) if signal.getsignal(n) == signal.SIG_DFL]
    with answering(_interrupt, usual):
        yield


@contextmanager
def undivided() -> Iterator[None]:
    """Have a wish to end that comes in here wait until all of it was done; a second one does not.

    Only handlers that ask :func:`later` do so. Outside the main thread nothing has to wait.
    """
    global _undivided
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _undivided += 1
    try:
        yield
    finally:
        _undivided -= 1
        if _waiting and not _undivided:
            _waiting.pop()()


def later(answer: Callable[[], object]) -> bool:
    """Have an answer wait if something undivided is being done; False if it must not wait.

    >>> with undivided():
    ...     later(lambda: print("now")), later(lambda: print("a second one does not wait"))
    (True, False)
    now
    """
    if not _undivided or _waiting:
        return False
    _waiting.append(answer)
    return True


def start_tracker() -> None:
    """Start multiprocessing's resource tracker so that SIGHUP does not end it.

    It tidies up after the processes of a command, and ignores the other signals by itself. To be
    called before the first of them is started.
    """
    if not hasattr(signal, "pthread_sigmask"):
        return
    from multiprocessing import resource_tracker

    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    try:
        resource_tracker.ensure_running()  # which takes the mask with it
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _interrupt() -> None:
    raise KeyboardInterrupt
