"""A page of this process's session, as ``--console`` begins it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from urllib.parse import urlsplit

from real.console.line import address
from zprl_env.errors import ZprlError


@contextmanager
def served_page(token: str | None = None) -> Iterator[tuple[str, int]]:
    """Serve a page of this process's session; yield host and port.

    Args:
        token: What opens it.

    Raises:
        ZprlError: It does not begin.
    """
    environment = os.environ | ({"ZPRL_ROBOT_TOKEN": token} if token else {})
    command = [sys.executable, "-m", "real.console", "--port", "0", "--session", str(address())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as page:
        try:
            line = page.stdout.readline() if page.stdout else ""
            found = re.search(r"http://\S+", line)
            if found is None:
                raise ZprlError(f"The console must tell its address. Got: {line!r}.")
            parts = urlsplit(found[0])
            host, port = str(parts.hostname), int(parts.port or 0)
            while posted(host, port, "/console/alive", '{"page": "a"}')[0] not in (200, 401):
                time.sleep(0.1)
            yield host, port
        finally:
            page.terminate()


def posted(host: str, port: int, path: str, body: str = "{}") -> tuple[int, bytes]:
    """Send what a button of the page sends; return status and answer."""
    line = HTTPConnection(host, port, timeout=10.0)
    headers = {"Content-Type": "application/json", "Origin": f"http://{host}:{port}"}
    try:
        line.request("POST", path, body, headers)
        answer = line.getresponse()
        return answer.status, answer.read()
    finally:
        line.close()
