"""Access to the robot's server: by token, never from a browser, in requests of limited size."""

from __future__ import annotations

import hmac
import ipaddress
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, TypeAlias

from zprl_env.errors import ConfigurationError

TOKEN = "ZPRL_ROBOT_TOKEN"
"""The environment variable with the token, which has no place on a command line."""
LONGEST = 64 * 1024
"""Bytes of the longest request."""
Header: TypeAlias = tuple[bytes, bytes]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]


def check_reach(host: str, token: str | None) -> None:
    """Check that a server may listen on an address.

    Raises:
        ConfigurationError: It could be reached from other machines, and wants no token.

    >>> check_reach("127.0.0.1", None)
    >>> check_reach("0.0.0.0", None)
    Traceback (most recent call last):
    policies.errors.ConfigurationError: A server beyond this machine must want a token. Got: ...
    """
    if token is not None and (len(token) < 8 or not token.isascii() or not token.isprintable()):
        raise ConfigurationError("A token must be at least 8 printable ASCII characters.")
    if not token and not is_loopback(host):
        raise ConfigurationError(
            f"A server beyond this machine must want a token. Got: host {host} and none. "
            "Try --host 127.0.0.1, or set ZPRL_ROBOT_TOKEN on both sides."
        )


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches an address; a name's address is not looked up.

    >>> is_loopback("localhost"), is_loopback("::1"), is_loopback("robot.lab")
    (True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Gate:
    """Middleware that turns requests away before anything reads them.

    Args:
        app: What is behind it.
        token: What requests must show as ``Authorization: Bearer``; nothing if None.
        host: Name that the server listens at; beside it, addresses and ``localhost`` are known.
    """

    def __init__(self, app: App, token: str | None = None, host: str = "localhost") -> None:
        self._app, self._host = app, host.lower()
        self._expected = f"Bearer {token}".encode() if token else None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        if refusal is None:
            await self._app(scope, receive, send)
            return
        await answer(send, refusal[0], json.dumps({"detail": refusal[1]}).encode())

    def _refusal(self, scope: Message) -> tuple[int, str] | None:
        headers = dict(scope["headers"])
        if not self._is_shown_the_token(headers):
            return 401, "This server wants a token: Authorization: Bearer ..."
        if foreign := self._foreign(scope, headers):
            return 403, foreign
        if b"transfer-encoding" in headers:
            return 411, "A request must say its length."
        # h11 has seen to it that this is a number, and true
        if int(headers.get(b"content-length", b"0")) > LONGEST:
            return 413, f"A request must be at most {LONGEST} bytes."
        named = _host_of(headers.get(b"host", b"").decode("latin-1"))
        if named and not (named in ("localhost", self._host) or _is_address(named)):
            # a page of that name, whose address was changed to ours, is no web page to its browser
            return 421, f"Host must be an address, localhost or {self._host}. Got: {named[:80]}."
        return None

    def _is_shown_the_token(self, headers: Mapping[bytes, bytes]) -> bool:
        shown = headers.get(b"authorization", b"")
        return self._expected is None or hmac.compare_digest(shown, self._expected)

    def _foreign(self, scope: Message, headers: Mapping[bytes, bytes]) -> str | None:
        """Return why a request is of somebody who may not speak to this server, if it is."""
        if b"origin" in headers:  # which browsers send: any web page could move the arms
            return "Web pages may not speak to a robot."
        return None


async def answer(
    send: Send, status: int, body: bytes, kind: bytes = b"application/json", *more: Header
) -> None:
    """Send a whole answer, after which the connection ends.

    Args:
        send: Takes its parts.
        status: Its status.
        body: Its content.
        kind: What that is.
        *more: More headers.
    """
    headers = [(b"content-type", kind), (b"connection", b"close"), *more]
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _host_of(header: str) -> str:
    """Return the host of a header ``Host``, without its port.

    >>> _host_of("127.0.0.1:5000"), _host_of("[::1]:5000"), _host_of("Robot.Lab")
    ('127.0.0.1', '::1', 'robot.lab')
    """
    header = header.strip().lower()
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0]


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
