"""Listener of a server: a socket that is open before anything else is done."""

from __future__ import annotations

import socket

from real.network.gate import is_loopback
from zprl_env.errors import ConfigurationError


def listen(host: str, port: int) -> socket.socket:
    """Open a socket; a port that is taken is told before the robot moves.

    Args:
        host: Address to listen on.
        port: Port; 0 for any that is free.

    Raises:
        ConfigurationError: It cannot be listened on.
    """
    try:
        kind, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        if is_loopback(host) and not is_loopback(str(address[0])):
            raise ConfigurationError(f"{host} must be this machine alone. Got: {address[0]}.")
        # asyncio sends small packets at once only where the protocol is named
        listener = socket.socket(kind, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(128)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise ConfigurationError(
            f"{host}:{port} cannot be listened on: {error}. Try another --port."
        ) from None
    return listener


def url_of(listener: socket.socket) -> str:
    """Return the address that a browser or client opens.

    >>> with listen("127.0.0.1", 0) as listener:
    ...     url_of(listener).startswith("http://127.0.0.1:")
    True
    """
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
