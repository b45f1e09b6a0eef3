"""Server of the console's page: NiceGUI behind a gate, in a process that moves nothing."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import Any

from policies.commands.signals import ending_as_by_ctrl_c
from real.console.line import is_alive
from real.console.web.watcher import Watcher
from real.network.listener import listen, url_of
from real.network.page_gate import PageGate
from zprl_env.errors import MissingExtraError

GRACE = 3.0
"""Time for which the page of one session outlives it [s]."""


@ending_as_by_ctrl_c()
def serve_page(host: str, port: int, token: str | None, session: Path | None = None) -> None:
    """Serve the page until interrupted.

    Args:
        host: Address to listen on.
        port: Port; 0 for any that is free.
        token: What opens the page; nothing if None.
        session: Where the session listens, a little after whose end this ends; the newest one,
            and those after it, if None.

    Raises:
        MissingExtraError: NiceGUI is not installed.
        ConfigurationError: The address cannot be listened on.
    """
    listener = listen(host, port)
    watcher = Watcher(session)
    app = make_page_app(watcher)
    import uvicorn

    watcher.start()
    print(f"Console: {url_of(listener)}", flush=True)
    config = uvicorn.Config(
        PageGate(app, token, host),
        access_log=False,
        log_level="error",
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    if session is not None:
        threading.Thread(target=_end_after, args=(session, server), daemon=True).start()
    try:
        server.run(sockets=[listener])
    finally:
        watcher.close()


def make_page_app(watcher: Watcher) -> Any:
    """Make the application: page, requests and what they need.

    Args:
        watcher: Knows the session.

    Raises:
        MissingExtraError: NiceGUI is not installed.
    """
    try:
        from fastapi import FastAPI
        from fastapi.staticfiles import StaticFiles

        from real.console.web.controls import STATIC
        from real.console.web.page import add_page
        from real.console.web.requests import add_requests
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "nicegui", "console") from None
    logging.getLogger("nicegui").setLevel(logging.ERROR)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.mount("/console/static", StaticFiles(directory=STATIC))
    add_requests(app, watcher)
    add_page(app, watcher)
    return app


def _end_after(session: Path, server: Any) -> None:
    """End the server a little after a session has ended."""
    while is_alive(session):
        time.sleep(0.5)
    time.sleep(GRACE)
    server.should_exit = True
