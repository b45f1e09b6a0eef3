"""Messages between a policy's server and whoever asks it: framed, numbered, arrays as safetensors.

A message is a header of 28 bytes, JSON and the arrays of a safetensors file. Nothing in it chooses
code, and nothing is allocated that its reader has not allowed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import struct
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError

from policies.errors import ZprlError

PROTOCOL = 1
"""Version of the protocol; both sides have to speak the same."""
MAGIC = b"ZPRLpol" + bytes([PROTOCOL])
_HEADER = struct.Struct("<8sQIQ")
"""Magic, number of the request, bytes of JSON, bytes of arrays."""
MOST_JSON = 16 * 2**20
MOST_ARRAYS = 2**30
"""Bytes that a message's two parts may have."""
TOKEN = "ZPRL_POLICY_TOKEN"
"""Environment variable with the token, which has no place on a command line."""


class WireError(ZprlError):
    """A peer that went away, or that does not speak this protocol."""


class PeerGoneError(WireError):
    """A peer that closed the connection."""


class Message(NamedTuple):
    """A message: its number, what it says, and arrays by name."""

    number: int
    said: dict[str, Any]
    arrays: dict[str, np.ndarray]


def send(
    link: socket.socket,
    number: int,
    said: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray] | None = None,
) -> None:
    """Send a message.

    Args:
        link: The connection.
        number: Number of the request that it is, or answers.
        said: Values of JSON.
        arrays: Arrays by name.
    """
    text = json.dumps(said).encode()
    body = b""
    if arrays:
        body = safetensors.numpy.save({n: np.ascontiguousarray(a) for n, a in arrays.items()})
    link.sendall(_HEADER.pack(MAGIC, number, len(text), len(body)) + text + body)


def receive(
    link: socket.socket,
    most: int = MOST_ARRAYS,
    *,
    most_json: int = MOST_JSON,
    seconds: float | None = None,
) -> Message:
    """Wait for a message.

    Args:
        link: The connection.
        most: Bytes that its arrays may have.
        most_json: Bytes that what it says may have.
        seconds: Time until all of it has to be here, however it drips in; None waits as long as the
            connection does for each part.

    Raises:
        PeerGoneError: The peer went away.
        WireError: It sent anything else.
        TimeoutError: It did not come in time.
    """
    until = None if seconds is None else time.monotonic() + seconds
    header = _exactly(link, _HEADER.size, until)
    magic, number, words, size = _HEADER.unpack(header)
    if magic[:-1] != MAGIC[:-1]:
        raise WireError(
            f"a peer must speak the protocol of policies.serve. Got: {magic!r}. Is that another "
            "program's port?"
        )
    if magic != MAGIC:
        raise WireError(
            f"both sides must speak version {PROTOCOL} of the protocol. Got: {magic[-1]}. Install "
            "the same release of this project on both."
        )
    if words > most_json or size > most:
        raise WireError(
            f"a message must have at most {most_json:,} and {most:,} bytes. Got: {words:,} and "
            f"{size:,}."
        )
    try:
        said = json.loads(_exactly(link, words, until))
        body = bytes(_exactly(link, size, until))
        arrays = dict(safetensors.numpy.load(body)) if size else {}
    except (ValueError, KeyError, RecursionError, SafetensorError) as error:
        raise WireError(
            f"a message must hold JSON and safetensors. Got: {type(error).__name__}: {error}."
        ) from error
    if not isinstance(said, dict):
        raise WireError(f"a message must be an object of JSON. Got: {type(said).__name__}.")
    return Message(number, said, arrays)


def _exactly(link: socket.socket, size: int, until: float | None) -> bytearray:
    """Receive so many bytes, until a moment."""
    held = bytearray(size)
    view, got = memoryview(held), 0
    while got < size:
        if until is not None:
            left = until - time.monotonic()
            if left <= 0.0:
                raise TimeoutError("timed out")
            link.settimeout(left)
        read = link.recv_into(view[got:])
        if not read:
            raise PeerGoneError(f"the other side went away, after {got} of {size} bytes.")
        got += read
    return held


def proof(token: str, nonce: str) -> str:
    """Compute the answer to a server's challenge by whoever knows the token.

    >>> proof("token", "1") == proof("token", "1"), proof("token", "1") == proof("token", "2")
    (True, False)
    """
    return hmac.new(token.encode(), nonce.encode(), hashlib.sha256).hexdigest()
