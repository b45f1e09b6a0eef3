"""A kept HTTP connection to a robot's server, whose failures are a `RobotError` in time."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from real.robot import ReflexError, RobotError
from zprl_env.errors import ConfigurationError

CLIENT = "X-ZPRL-Client"
"""Header by which a client says who it is; those without are told apart by their machine."""
REFLEX = "reflex"
"""Kind of a failure, in a reply of ours: a robot's own protection has stopped it."""
LONGEST = 64 * 2**20
"""Bytes of the longest reply that is read: a few pictures."""


class HttpConnection:
    """HTTP connection to one server that sends POST requests, one at a time.

    A control loop cannot wait for a new connection per command, nor for the 40 ms by which TCP
    delays small packets. A connection that broke is made anew with the next request.

    Args:
        url: Where the server is, such as ``http://127.0.0.1:5000``.
        token: What it wants to be shown, if anything.
        timeout: How long it may be silent [s].
        client: Who asks, which a server of ours leases its arms to; nobody if None.

    Raises:
        ConfigurationError: The address is none.

    Example:
        >>> HttpConnection("127.0.0.1:5000")
        Traceback (most recent call last):
        policies.errors.ConfigurationError: A robot's url must look like http://... Got: 127.0...
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        timeout: float = 0.3,
        client: str | None = None,
    ) -> None:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host = None
        if not host or parts.scheme not in ("http", "https"):
            raise ConfigurationError(
                f"A robot's url must look like http://127.0.0.1:5000. Got: {url}."
            )
        if not timeout > 0.0:
            raise ConfigurationError(f"timeout must be above 0. Got: {timeout}.")
        self.url, self._token = url, token
        self._path = parts.path.rstrip("/")
        self._timeout = timeout
        kind = (
            http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        )
        self._http = kind(host, port, timeout=timeout)
        self._headers = {"Content-Type": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._client = client
        if client:
            self._headers[CLIENT] = client
        self._lock = threading.Lock()

    def post(self, path: str, content: Any = None, *, timeout: float | None = None) -> bytes:
        """Send a request and return its reply.

        Args:
            path: Which endpoint.
            content: What to send, as JSON.
            timeout: Another patience than the connection's [s].

        Returns:
            The reply's body.

        Raises:
            RobotError: The server is not there, refuses, or takes too long.
            ReflexError: It says that the robot's own protection has stopped it.
        """
        try:
            body = b"" if content is None else json.dumps(content, allow_nan=False).encode()
        except ValueError as error:
            raise RobotError(f"{path} must be sent finite numbers. Got: {content}.") from error
        with self._lock:
            try:
                status, reply = self._send(self._path + path, body, timeout or self._timeout)
            except TimeoutError as error:
                raise RobotError(
                    f"{self.url}{path} did not answer within {timeout or self._timeout:g} s. Try a "
                    "longer timeout, or see what keeps the server busy."
                ) from error
            except (OSError, http.client.HTTPException) as error:
                reason = str(error) or type(error).__name__
                raise RobotError(
                    f"{self.url}{path} cannot be reached: {reason}. Is the robot's server running?"
                ) from error
        if status != 200:
            kind = ReflexError if _said(reply).get("kind") == REFLEX else RobotError
            raise kind(f"{self.url}{path} refuses with {status}: {_reason(reply)}")
        return reply

    def another(self) -> HttpConnection:
        """Return a second connection to the same server, for another thread."""
        return HttpConnection(
            self.url, token=self._token, timeout=self._timeout, client=self._client
        )

    def ask(self, path: str, content: Any = None) -> Mapping[str, Any]:
        """Send a request whose reply is a JSON object."""
        return self.parse(path, self.post(path, content))

    def parse(self, path: str, reply: bytes) -> Mapping[str, Any]:
        """Read a reply that must be a JSON object.

        Raises:
            RobotError: It is something else.
        """
        try:
            said = json.loads(reply)
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict):
            raise RobotError(
                f"{self.url}{path} must reply with a JSON object. Got: {reply[:60]!r}. Is another "
                "program listening there?"
            )
        return said

    def close(self) -> None:
        """Close the connection; the next request makes a new one."""
        with self._lock:
            self._http.close()

    def _send(self, path: str, body: bytes, timeout: float) -> tuple[int, bytes]:
        used = self._http.sock is not None
        try:
            return self._exchange(path, body, timeout)
        except (BrokenPipeError, ConnectionResetError, http.client.RemoteDisconnected):
            # Servers end connections that were idle; that is no failure of the robot.
            self._http.close()
            if not used:
                raise
        except BaseException:
            self._http.close()
            raise
        try:
            return self._exchange(path, body, timeout)
        except BaseException:
            self._http.close()
            raise

    def _exchange(self, path: str, body: bytes, timeout: float) -> tuple[int, bytes]:
        self._http.timeout = timeout
        if self._http.sock is None:
            self._http.connect()
        line: socket.socket = self._http.sock
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line.settimeout(timeout)
        self._http.request("POST", path, body, self._headers)
        response = self._http.getresponse()
        reply = response.read(LONGEST + 1)
        if len(reply) > LONGEST:
            raise http.client.HTTPException(f"a reply of more than {LONGEST} bytes")
        return response.status, reply


def _said(reply: bytes) -> dict[str, Any]:
    """Return a JSON object; an empty one for anything else."""
    try:
        said = json.loads(reply)
    except (ValueError, RecursionError):
        said = None
    return said if isinstance(said, dict) else {}


def _reason(reply: bytes) -> str:
    said = _said(reply)
    if isinstance(said.get("detail"), str):
        return str(said["detail"])
    return reply[:200].decode(errors="replace").strip() or "(no reason given)"
