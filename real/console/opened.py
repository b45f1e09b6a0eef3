"""Opened console: a session's desk, and a process with the page, for as long as a command runs."""

from __future__ import annotations

import importlib.util
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from real.console.desk import Desk
from real.console.line import address
from zprl_env.errors import MissingExtraError

HOST, PORT = "127.0.0.1", 8400
"""Address of the page, if that port is free."""


@contextmanager
def opened_console(wanted: bool, told: Mapping[str, str]) -> Iterator[Desk | None]:
    """Open a console beside a command: a page at `PORT` of this machine, or the next free port.

    The page has a process of its own, which no Ctrl-C in the terminal reaches: the arms are stopped
    first, and the page shows it. It ends by itself, a little
    after the session.

    Args:
        wanted: Whether there is to be one.
        told: What it shows of the session.

    Yields:
        The desk, to be given to environments as ``console``; None if none is wanted.

    Raises:
        MissingExtraError: NiceGUI is not installed.
    """
    if not wanted:
        yield None
        return
    if importlib.util.find_spec("nicegui") is None:
        raise MissingExtraError("nicegui", "console")
    desk = Desk(told).open()
    try:
        page = subprocess.Popen(
            [
                *(sys.executable, "-m", "real.console", "--host", HOST),
                *("--port", str(free_port(PORT)), "--session", str(address())),
            ],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        threading.Thread(target=page.wait, name="page", daemon=True).start()
        yield desk
    finally:
        desk.close()


def free_port(wanted: int, tries: int = 20) -> int:
    """Return the first port from a wanted one on that is free; 0 if none of some is.

    >>> free_port(0)
    0
    """
    for port in range(wanted, wanted + tries) if wanted else ():
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind((HOST, port))
            except OSError:
                continue
        return port
    return 0
