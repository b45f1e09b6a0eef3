"""Server of a steerable policy: encodes and decodes for its clients, one question at a time."""

from __future__ import annotations

import hmac
import os
import secrets
import socket
import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np

from policies.encoding import Observations, context_of, remembers, takes_context
from policies.errors import ConfigurationError
from policies.serve import wire
from policies.serve.described import describe

KEPT = 64
"""Contexts that are kept for each connection; older ones are gone."""
MOST_CLIENTS = 32
"""Connections at a time."""
GREETING, GREETED = 4096, 10.0
"""Bytes and seconds that whoever connects has for a greeting."""
REQUESTED = 60.0
"""Seconds that a request may take to arrive, once it has begun."""
BARE = "observations"
"""Name of an observation that is a single array."""


class PolicyServer:
    """Server of one policy on a socket of this machine, or of others who know a token.

    Connections are answered by threads of their own; the policy is asked by one at a time. One
    that remembers its episodes has a single connection.

    Args:
        policy: The policy.
        host: Address to listen on; beyond loopback a token is needed. A path with a slash is a
            socket in the file system.
        port: Port; 0 takes a free one.
        token: What a client has to know; nothing if None.
        say: Told who comes and goes.

    Raises:
        ConfigurationError: The address can be reached from elsewhere without a token, or is taken.

    Attributes:
        address: Where it listens, as ``served:`` takes it.
    """

    def __init__(
        self,
        policy: Any,
        host: str = "127.0.0.1",
        port: int = 0,
        token: str | None = None,
        say: Callable[[str], object] = lambda text: None,
    ) -> None:
        local = "/" in host or host in ("127.0.0.1", "localhost", "::1")
        if not local and not token:
            raise ConfigurationError(
                f"a policy's server beyond this machine must want a token. Got: host {host} and "
                f"none. Try --host 127.0.0.1, or set {wire.TOKEN} on both sides."
            )
        if token is not None and len(token) < 8:
            raise ConfigurationError("A token must have at least 8 characters.")
        self._policy, self._token, self._say = policy, token, say
        self._described = describe(policy)
        self._asked = threading.Lock()
        self._taken = threading.Semaphore(1)
        self._places = threading.Semaphore(MOST_CLIENTS)
        self._socket, self.address = _listen(host, port)

    def serve(self) -> None:
        """Answer until :meth:`close`."""
        while True:
            try:
                link, _ = self._socket.accept()
            except OSError:
                return
            if not self._places.acquire(blocking=False):
                link.close()
                continue
            threading.Thread(target=self._converse, args=(link,), daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _converse(self, link: socket.socket) -> None:
        """Greet a connection and answer it until it goes."""
        alone = remembers(self._policy)
        held = False
        with link:
            try:
                _attend(link)
                held = not alone or self._taken.acquire(blocking=False)
                if not self._greet(link, held):
                    return
                self._say("a client has come")
                Answers(self._policy, self._asked).to(link)
            except wire.PeerGoneError:
                self._say("a client has gone")
            except (OSError, wire.WireError) as error:
                self._say(f"a client is let go: {error}")
            finally:
                if alone and held:
                    self._taken.release()
                self._places.release()

    def _greet(self, link: socket.socket, held: bool) -> bool:
        """Challenge a connection, and describe the policy to it."""
        nonce = secrets.token_hex(16)
        wire.send(link, 0, {"nonce": nonce, "token": self._token is not None})
        hello = wire.receive(link, most=0, most_json=GREETING, seconds=GREETED)
        given = str(hello.said.get("proof", ""))
        right = "" if self._token is None else wire.proof(self._token, nonce)
        if right and not hmac.compare_digest(given.encode(), right.encode()):
            wire.send(link, hello.number, {"error": f"the token must be right; set {wire.TOKEN}"})
            return False
        if not held:
            told = "the policy remembers its episodes and is another client's; try again later"
            wire.send(link, hello.number, {"error": told})
            return False
        said, arrays = self._described
        wire.send(link, hello.number, said, arrays)
        return True


class Answers:
    """Answers to the requests of one connection.

    Args:
        policy: The policy.
        asked: Held while the policy is asked.
    """

    def __init__(self, policy: Any, asked: threading.Lock) -> None:
        self._policy, self._asked = policy, asked
        self._contexts: OrderedDict[int, Any] = OrderedDict()
        self._tickets = 0
        self._methods = {
            "encode": self._encode,
            "decode": self._decode,
            "normalize": self._normalize,
            "reset": self._reset,
            "reference_frames": self._frames,
        }

    def to(self, link: socket.socket) -> None:
        """Answer until the connection ends; a question that cannot be answered is told why."""
        while True:
            link.settimeout(None)
            if not link.recv(1, socket.MSG_PEEK):
                raise wire.PeerGoneError("the other side went away.")
            request = wire.receive(link, seconds=REQUESTED)
            method = self._methods.get(str(request.said.get("method")))
            try:
                if method is None:
                    raise ConfigurationError(
                        f"a method must be one of {', '.join(self._methods)}. "
                        f"Got: {request.said.get('method')!r}."
                    )
                for ticket in request.said.get("returned") or ():
                    self._contexts.pop(ticket, None)
                with self._asked:
                    said, arrays = method(request)
            except Exception as error:
                told = " ".join(f"{type(error).__name__}: {error}".split())[:2000]
                wire.send(link, request.number, {"error": told})
                continue
            wire.send(link, request.number, said, arrays)

    def _encode(self, request: wire.Message) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        seen = observations_in(request)
        told = (request.said["indices"],) if remembers(self._policy) else ()
        encoding = self._policy.encode(seen, *told)
        arrays = dict(zip(("features", "mean", "std"), map(np.asarray, encoding), strict=False))
        if not takes_context(self._policy):
            return {}, arrays
        self._tickets += 1
        self._contexts[self._tickets] = context_of(encoding)
        while len(self._contexts) > KEPT:
            self._contexts.popitem(last=False)
        return {"ticket": self._tickets}, arrays

    def _decode(self, request: wire.Message) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        latents, noise = request.arrays["latents"], request.arrays["noise"]
        if not takes_context(self._policy):
            return {}, {"actions": np.asarray(self._policy.decode(latents, noise))}
        ticket = request.said.get("ticket")
        if not isinstance(ticket, int) or ticket not in self._contexts:
            raise ConfigurationError(
                f"a context must be one of the last {KEPT} that are held. Got: {ticket}, which is "
                "gone. Decode what was encoded last."
            )
        actions = self._policy.decode(latents, noise, self._contexts[ticket])
        return {}, {"actions": np.asarray(actions)}

    def _normalize(self, request: wire.Message) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        normal = self._policy.normalize(observations_in(request))
        return {}, {"normal": np.asarray(normal)}

    def _reset(self, request: wire.Message) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        self._policy.reset(request.said["indices"])
        return {}, {}

    def _frames(self, request: wire.Message) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        return {}, dict(self._policy.reference_frames())


def observations_in(request: wire.Message) -> Observations:
    """Return the observations of a request: one array, or several by name."""
    if [*request.arrays] == [BARE]:
        return request.arrays[BARE]
    return request.arrays


def _listen(host: str, port: int) -> tuple[socket.socket, str]:
    try:
        if "/" in host:
            _clear(host)
            made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            before = os.umask(0o177)  # nobody else's from its first moment on
            try:
                made.bind(host)
            except OSError:
                made.close()
                raise
            finally:
                os.umask(before)
            address = host
        else:
            made = socket.create_server((host, port), family=_family(host))
            shown = f"[{host}]" if ":" in host else host
            address = f"{shown}:{made.getsockname()[1]}"
        made.listen(8)
    except OSError as error:
        raise ConfigurationError(
            f"a policy's server must listen on an address that is free. Got: {host}, port {port} "
            f"({error.strerror or error}). Try --port 0."
        ) from error
    return made, address


def _attend(link: socket.socket) -> None:
    """Notice peers that vanish, and send what is to be sent at once."""
    if link.family == socket.AF_UNIX:
        return
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 20), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        if (option := getattr(socket, name, None)) is not None:
            link.setsockopt(socket.IPPROTO_TCP, option, value)


def _clear(path: str) -> None:
    """Remove a socket that whoever listened on it has left behind."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
        except OSError:
            return


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
