"""Policy in another process or on another machine, as if it were here: served:HOST:PORT."""

from __future__ import annotations

import itertools
import os
import socket
import weakref
from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np

from policies.encoding import ContextEncoding, Encoding, Observations
from policies.errors import ConfigurationError, ZprlError
from policies.meaning.ranges import Ranges
from policies.pictures.settings import PictureSettings
from policies.serve import wire
from policies.serve.described import OPTIONAL_SIZES, RANGES, STATISTICS
from policies.serve.server import BARE

TIMEOUT, PATIENCE = 60.0, "ZPRL_POLICY_TIMEOUT"
"""Seconds that an answer may take, and the environment variable that says another number."""


class ServedPolicyError(ZprlError):
    """A served policy that died, hangs or answers nonsense; the run can be resumed."""


class Ticket:
    """A context that stays at the server: its number, which the server forgets with this object.

    Args:
        number: Its number.
        returned: List of the connection that the number is of; it goes there when this object is
            gone.
    """

    def __init__(self, number: int, returned: list[int]) -> None:
        self.number, self.returned = number, returned
        weakref.finalize(self, returned.append, number).atexit = False


class ServedPolicy:
    """Steerable policy that computes elsewhere: the same bytes as where it is.

    Its sizes and statistics come when it is connected; every ``encode`` and ``decode`` is one
    request for the whole batch. What a policy decodes from besides a latent stays at the server,
    for as long as the ticket that stands for it is kept here.

    Args:
        address: ``HOST:PORT``, or the path of a socket.
        token: What the server wants to know; the environment variable's if None.
        timeout: Seconds that an answer may take; the environment variable's or 60 if None.
        keep: Kept as long as the policy is: the process that it started.

    Raises:
        ServedPolicyError: Nobody is there, or who is there is no such server.
        ConfigurationError: The environment variable holds no number of seconds.

    Example:
        >>> import threading
        >>> from policies.foreign import ForeignPolicy
        >>> from policies.foreign.testing import LineGenerator
        >>> from policies.serve.server import PolicyServer
        >>> server = PolicyServer(ForeignPolicy(LineGenerator(3, 2)))
        >>> threading.Thread(target=server.serve, daemon=True).start()
        >>> policy = ServedPolicy(server.address)
        >>> policy.encode(np.ones((5, 3), np.float32)).mean.shape
        (5, 3)
        >>> policy.close(); server.close()
    """

    def __init__(
        self,
        address: str,
        token: str | None = None,
        timeout: float | None = None,
        keep: Any = None,
    ) -> None:
        self.address, self._keep = address, keep
        self._timeout = _patience() if timeout is None else timeout
        self._token = os.environ.get(wire.TOKEN) if token is None else token
        self._numbers = itertools.count(1)
        self._link: socket.socket | None = None
        self._returned: list[int] = []  # tickets that nobody has any more
        self._known: dict[str, Any] | None = None
        described, arrays = self._connect()
        self._take(described, arrays)

    def _take(self, said: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        """Take on the sizes and statistics of the policy."""
        try:
            self.feature_dim = _size(said, "feature_dim")
            self.latent_dim = _size(said, "latent_dim")
            self.action_dim, self.horizon = _size(said, "action_dim"), _size(said, "horizon")
            self.n_action_steps = _size(said, "n_action_steps")
            for name in OPTIONAL_SIZES:
                if said.get(name) is not None:
                    setattr(self, name, _size(said, name))
            rows, width = said["noise_shape"]
            self.noise_shape = (int(rows), int(width))
            self.takes_context = bool(said["takes_context"])
            self.cameras: tuple[str, ...] = tuple(map(str, said["cameras"]))
            self.picture_settings: PictureSettings | None = None
            if said["pictures"] is not None:
                self.picture_settings = PictureSettings.from_dict(said["pictures"])
            self.metadata: dict[str, Any] = dict(said["metadata"])
            self.weights_hash: str | None = said["weights_hash"]
            self.versions = {str(name): str(v) for name, v in said["versions"].items()}
            if said["observation_keys"]:
                self.observation_keys = tuple(map(str, said["observation_keys"]))
            for name in STATISTICS:
                if name in arrays:
                    setattr(self, name, arrays[name])
            for kind in RANGES:
                names = [f"{kind}_ranges.{end}" for end in Ranges._fields]
                if all(name in arrays for name in names):
                    setattr(self, f"{kind}_ranges", Ranges(*(arrays[name] for name in names)))
            if said["observation_names"]:
                self.observation_names = tuple(map(str, said["observation_names"]))
            if said["normalizes"]:
                self.normalize = self._normalize
            if said["remembers"]:
                self.reset = self._reset
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            self._drop()
            raise ServedPolicyError(
                f"a policy's server must describe its policy. Got, from {self.address}: "
                f"{type(error).__name__}: {error}."
            ) from error

    def encode(self, observations: Observations, indices: Any = None) -> Any:
        """Embed observations; see :class:`~zprl_env.steerable.SteerablePolicy`.

        Raises:
            ServedPolicyError: The server died, hangs or answers nonsense.
        """
        said: dict[str, Any] = {}
        if indices is not None:
            said["indices"] = [int(index) for index in indices]
        answer = self._ask("encode", said, _arrays(observations))
        rows = len(next(iter(_arrays(observations).values())))
        shapes = {
            "features": (rows, self.feature_dim),
            "mean": (rows, self.latent_dim),
            "std": (rows, self.latent_dim),
        }
        parts = [self._array(answer, name, shape) for name, shape in shapes.items()]
        features, mean, std = parts
        if not self.takes_context:
            return Encoding(features, mean, std)
        ticket = answer.said.get("ticket")
        if type(ticket) is not int:
            self._refuse(f"a number for its context. Got: {ticket!r}")
        return ContextEncoding(features, mean, std, Ticket(ticket, self._returned))

    def decode(self, latents: np.ndarray, noise: np.ndarray, context: Any = None) -> np.ndarray:
        """Generate action chunks; see :class:`~zprl_env.steerable.SteerablePolicy`.

        Raises:
            ServedPolicyError: As for :meth:`encode`, or the context is gone.
        """
        said = {} if context is None else {"ticket": self._number(context)}
        given = {"latents": np.asarray(latents), "noise": np.asarray(noise)}
        answer = self._ask("decode", said, given)
        return self._array(answer, "actions", (len(noise), self.horizon, self.action_dim))

    def reference_frames(self) -> dict[str, np.ndarray]:
        """Return a frame of each camera as the policy has seen it."""
        frames = self._ask("reference_frames", {}, {}).arrays
        if any(frame.dtype != np.uint8 or frame.ndim != 3 for frame in frames.values()):
            self._refuse("frames of bytes. Got: other arrays")
        return frames

    def __del__(self) -> None:
        if getattr(self, "_link", None) is not None:
            self._drop()

    def close(self) -> None:
        """Hang up, and end the process that the policy started, if it did."""
        self._drop()
        if self._keep is not None:
            self._keep.close()

    def _normalize(self, observations: Observations) -> np.ndarray:
        """Normalise observations as for the policy's own network. Shape ``(B, O)``."""
        given = _arrays(observations)
        answer = self._ask("normalize", {}, given)
        rows, normal = len(next(iter(given.values()))), answer.arrays.get("normal")
        size = normal.shape[-1] if normal is not None and normal.ndim else 0
        return self._array(answer, "normal", (rows, getattr(self, "observation_dim", size)))

    def _reset(self, indices: Any) -> None:
        """Tell the policy which environments begin an episode."""
        self._ask("reset", {"indices": [int(index) for index in indices]}, {})

    def _array(self, answer: wire.Message, name: str, shape: tuple[int, ...]) -> np.ndarray:
        array = answer.arrays.get(name)
        if array is None or array.shape != shape or array.dtype.kind != "f":
            got = "nothing" if array is None else f"{array.dtype} of shape {array.shape}"
            self._refuse(f"{name} of shape {shape}. Got: {got}")
        return array

    def _refuse(self, told: str) -> NoReturn:
        """Hang up on a server that answers nonsense."""
        self._drop()
        raise ServedPolicyError(
            f"the policy served at {self.address} must answer with {told}.{self._why()}"
        )

    def _ask(
        self, method: str, said: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> wire.Message:
        """Send a request and wait for its answer; if anything goes wrong, hang up."""
        if self._link is None:
            self._connect()
        assert self._link is not None
        number = next(self._numbers)
        if self._returned:
            said = {**said, "returned": [self._returned.pop() for _ in self._returned[:]]}
        answered = False
        try:
            self._link.settimeout(self._timeout)
            wire.send(self._link, number, {"method": method, **said}, arrays)
            answer = wire.receive(self._link, seconds=self._timeout)
            answered = answer.number == number
        except TimeoutError as error:
            raise ServedPolicyError(
                f"the policy served at {self.address} must answer within {self._timeout:g} s. Got: "
                f"nothing.{self._why()}"
            ) from error
        except (OSError, wire.WireError) as error:
            raise ServedPolicyError(
                f"the policy served at {self.address} must answer. Got: {error}{self._why()}"
            ) from error
        finally:
            if not answered:  # Ctrl-C as well: what comes late is nobody's answer
                self._drop()
        if not answered:
            raise ServedPolicyError(
                f"the policy served at {self.address} must answer the question it was asked. Got: "
                f"an answer to number {answer.number}, asked was {number}."
            )
        if "error" in answer.said:
            raise ServedPolicyError(
                f"the policy served at {self.address} could not {method}: {answer.said['error']}"
            )
        return answer

    def _connect(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Connect and be told what the policy is; it has to be the one it was."""
        try:
            link = _dial(self.address, self._timeout)
        except OSError as error:
            raise ServedPolicyError(
                f"a policy must be served at {self.address}. Got: {error.strerror or error}. Start "
                f"it: python -m policies.serve --policy ...{self._why()}"
            ) from error
        try:
            challenge = wire.receive(link, most=0, seconds=self._timeout)
            if challenge.said.get("token") and not self._token:
                raise wire.WireError(f"the server wants a token: set {wire.TOKEN}")
            nonce = str(challenge.said.get("nonce", ""))
            wire.send(link, 0, {"proof": wire.proof(self._token, nonce) if self._token else ""})
            hello = wire.receive(link, seconds=self._timeout)
            if "error" in hello.said:
                raise wire.WireError(str(hello.said["error"]))
        except (OSError, wire.WireError) as error:
            link.close()
            raise ServedPolicyError(
                f"a policy must be served at {self.address}. Got: {error}{self._why()}"
            ) from error
        if self._known is not None and hello.said != self._known:
            link.close()
            raise ServedPolicyError(
                f"the policy served at {self.address} must be the one it was. Got: another one."
            )
        self._known, self._link = hello.said, link
        return hello.said, hello.arrays

    def _number(self, context: Ticket) -> int:
        if context.returned is not self._returned:
            raise ServedPolicyError(
                f"a context must be of this connection to {self.address}. Got: one of a connection "
                "that has ended. Encode again."
            )
        return context.number

    def _drop(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None
            self._returned = []  # the next connection has tickets of its own

    def _why(self) -> str:
        """Return the last words of the process that serves, if it is ours."""
        return "" if self._keep is None else str(self._keep.last_words())


def connect(address: str) -> ServedPolicy:
    """Connect to a policy at ``HOST:PORT`` or at the path of a socket."""
    return ServedPolicy(address)


def _patience() -> float:
    said = os.environ.get(PATIENCE) or TIMEOUT
    try:
        seconds = float(said)
    except ValueError:
        seconds = 0.0
    if not 0.0 < seconds < 86_400.0:
        raise ConfigurationError(f"{PATIENCE} must be a number of seconds. Got: {said!r}.")
    return seconds


def _arrays(observations: Observations) -> dict[str, np.ndarray]:
    if isinstance(observations, Mapping):
        return {str(name): np.asarray(part) for name, part in observations.items()}
    return {BARE: np.asarray(observations)}


def _size(said: Mapping[str, Any], name: str) -> int:
    value = said[name]
    if type(value) is not int or not 0 <= value < 2**31:
        raise ValueError(f"{name} is {value!r}")
    return value


def _dial(address: str, timeout: float) -> socket.socket:
    if "/" in address:
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        link.settimeout(timeout)
        link.connect(address)
        return link
    host, _, port = address.rpartition(":")
    if not port.isdigit() or not host:
        raise ConfigurationError(
            f"A served policy must be served:HOST:PORT, or served:/path. Got: {address!r}."
        )
    link = socket.create_connection((host.strip("[]"), int(port)), timeout=timeout)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return link
