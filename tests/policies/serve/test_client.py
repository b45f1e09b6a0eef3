"""A served policy is the policy itself to the bit, and whatever goes wrong ends in one error."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch

from policies.encoding import context_of
from policies.errors import ConfigurationError
from policies.foreign import ForeignPolicy
from policies.foreign.testing import LineGenerator
from policies.serve import wire
from policies.serve.client import ServedPolicy, ServedPolicyError
from policies.serve.server import KEPT
from zprl_env import NoiseSteeringWrapper
from zprl_env.loading.resolve import resolve_policy
from zprl_env.testing import Reach, check_policy


@pytest.mark.parametrize("name", ["Lift", "lift-pixels"])
def test_it_is_the_policy_itself_to_the_bit(serving, name):
    local = resolve_policy(name)
    served: Any = ServedPolicy(serving(local).address)
    rng = np.random.default_rng(0)
    size = local.observation_dim  # type: ignore[attr-defined]
    seen: Any = rng.normal(size=(3, size)).astype(np.float32)
    if served.cameras:
        seen = {"state": seen} | {
            camera: rng.integers(0, 256, (3, 84, 84, 3), np.uint8) for camera in served.cameras
        }
    mine, other = local.encode(seen), served.encode(seen)
    for one, same in zip(mine, other, strict=True):
        np.testing.assert_array_equal(one, same)
    noise = rng.normal(size=(3, local.horizon, local.action_dim)).astype(np.float32)
    np.testing.assert_array_equal(local.decode(mine[1], noise), served.decode(other[1], noise))
    np.testing.assert_array_equal(local.normalize(seen), served.normalize(seen))  # type: ignore
    assert served.weights_hash == local.weights_hash  # type: ignore[attr-defined]
    np.testing.assert_array_equal(served.latent_rms, local.latent_rms)  # type: ignore[attr-defined]
    assert served.picture_settings == getattr(local, "picture_settings", None)
    if served.cameras:
        assert served.reference_frames().keys() == {*served.cameras}


def test_it_passes_the_whole_check(serving):
    served = ServedPolicy(serving(ForeignPolicy(LineGenerator(2, 2))).address)
    assert check_policy(served, gym.wrappers.TimeLimit(Reach(), 20)) == []


class Tokens(LineGenerator):
    def embed(self, batch):
        return {"tokens": batch[:, :, None] * torch.arange(1.0, 4.0)}

    def summarize(self, condition):
        return condition["tokens"].mean(2)

    def generate(self, condition, noise):
        return super().generate(condition["tokens"][:, :, 0], noise)


def test_a_context_stays_at_the_server_and_old_ones_are_gone(serving):
    local = ForeignPolicy(Tokens(2, 2))
    served = ServedPolicy(serving(local).address)
    shown, noise = np.ones((1, 2), np.float32), np.ones((1, 4, 2), np.float32)
    first = served.encode(shown)
    here = local.encode(shown)
    np.testing.assert_array_equal(
        served.decode(first[1], noise, context_of(first)),
        local.decode(here[1], noise, context_of(here)),
    )
    for _ in range(2 * KEPT):  # an evaluation in the midst of an episode keeps none of its own
        served.encode(shown)
    served.decode(first[1], noise, context_of(first))
    held = [served.encode(shown) for _ in range(KEPT)]
    with pytest.raises(ServedPolicyError, match=f"last {KEPT} that are held. Got: 1, which"):
        served.decode(first[1], noise, context_of(first))
    served.decode(held[-1][1], noise, context_of(held[-1]))
    served._drop()
    served.encode(shown)
    with pytest.raises(ServedPolicyError, match="one of a connection that has ended"):
        served.decode(held[-1][1], noise, context_of(held[-1]))
    assert check_policy(served, gym.wrappers.TimeLimit(Reach(), 20)) == []


class Counting(LineGenerator):
    condition_dim = 2

    def __init__(self):
        super().__init__(2, 2)
        self.asked = dict.fromkeys(range(8), 0)

    def reset(self, indices):
        self.asked |= dict.fromkeys(indices, 0)

    def embed(self, batch, indices=()):
        for index in indices:
            self.asked[index] += 1
        return batch * torch.tensor([[float(self.asked[index])] for index in indices])


def test_a_policy_that_remembers_is_reset_and_has_one_client(serving):
    generator = Counting()
    server = serving(ForeignPolicy(generator))
    served: Any = ServedPolicy(server.address)
    served.encode(np.ones((2, 2), np.float32), [3, 4])
    assert generator.asked[3] == 1
    served.reset([3])
    assert (generator.asked[3], generator.asked[4]) == (0, 1)
    with pytest.raises(ServedPolicyError, match="remembers its episodes and is another client's"):
        ServedPolicy(server.address)
    served.close()
    time.sleep(0.05)
    ServedPolicy(server.address).close()


def test_several_clients_share_a_policy_that_does_not(serving):
    server = serving()
    one, other = ServedPolicy(server.address), ServedPolicy(server.address)
    shown = np.ones((1, 3), np.float32)
    np.testing.assert_array_equal(one.encode(shown)[1], other.encode(shown)[1])


def test_what_the_policy_raises_is_told_and_the_next_question_is_answered(serving):
    served = ServedPolicy(serving(resolve_policy("Lift")).address)
    with pytest.raises(ServedPolicyError, match="could not encode: PolicyMismatchError"):
        served.encode(np.ones((1, 3), np.float32))
    served.encode(np.ones((1, served.observation_dim), np.float32))  # type: ignore[attr-defined]


@pytest.mark.parametrize("token", ["wrong-token", ""])
def test_a_token_is_asked_for_and_never_sent(serving, token):
    server = serving(token="right-token")
    told = "the token must be right" if token else "the server wants a token: set ZPRL_POLICY_TOKEN"
    with pytest.raises(ServedPolicyError, match=told):
        ServedPolicy(server.address, token)
    ServedPolicy(server.address, "right-token").close()


def test_nobody_there_is_told_with_what_to_start():
    with pytest.raises(ServedPolicyError, match=r"127.0.0.1:9. Got: Connection refused. Start it:"):
        ServedPolicy("127.0.0.1:9")


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1", "host:port"])
def test_an_address_that_is_none_is_told(address):
    with pytest.raises(ConfigurationError, match="must be served:HOST:PORT"):
        ServedPolicy(address)


class Impostor:
    """Answers the greeting as a server does, and every question by one function."""

    def __init__(self, answer, described=None):
        from policies.serve.described import describe

        self._answer = answer
        self._said, self._arrays = describe(ForeignPolicy(LineGenerator(3, 2)))
        self._said |= described or {}
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._links = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                link, _ = self._socket.accept()
                self._links.append(link)
                wire.send(link, 0, {"nonce": "1", "token": False})
                wire.receive(link)
                wire.send(link, 0, self._said, self._arrays)
                self._answer(link, wire.receive(link))
            except wire.WireError:
                continue
            except OSError:
                return

    def close(self):
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        for link in (self._socket, *self._links):
            link.close()


@pytest.fixture
def impostor():
    made = []

    def make(*arguments):
        made.append(Impostor(*arguments))
        return made[-1]

    yield make
    for one in made:
        one.close()


def good(rows=1):
    empty, row = np.zeros((rows, 0), np.float32), np.zeros((rows, 3), np.float32)
    return {"features": empty, "mean": row, "std": row}


BF16 = b'{"mean":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}'
ANSWERS = {
    "garbage": (lambda link, request: link.sendall(b"HTTP/1.1 200 OK\r\n" * 9), "another program"),
    "version": (
        lambda link, request: link.sendall(wire.MAGIC[:-1] + b"\x63" + bytes(20)),
        "both sides must speak version 1 of the protocol. Got: 99",
    ),
    "huge": (
        lambda link, request: link.sendall(
            wire._HEADER.pack(wire.MAGIC, request.number, 2**24 + 1, 2**40)
        ),
        "a message must have at most",
    ),
    "no json": (
        lambda link, request: link.sendall(wire._HEADER.pack(wire.MAGIC, 1, 2, 0) + b"{]"),
        "must hold JSON and safetensors",
    ),
    "a list": (
        lambda link, request: link.sendall(wire._HEADER.pack(wire.MAGIC, 1, 2, 0) + b"[]"),
        "must be an object of JSON. Got: list",
    ),
    "no safetensors": (
        lambda link, request: link.sendall(wire._HEADER.pack(wire.MAGIC, 1, 2, 3) + b"{}xxx"),
        "must hold JSON and safetensors",
    ),
    "another number": (
        lambda link, request: wire.send(link, request.number + 1, {}, good()),
        "an answer to number 2, asked was 1",
    ),
    "wrong rows": (
        lambda link, request: wire.send(link, request.number, {}, good(2)),
        r"must answer with features of shape \(1, 0\). Got: float32 of shape \(2, 0\)",
    ),
    "missing": (
        lambda link, request: wire.send(link, request.number, {}, {"mean": np.zeros((1, 3))}),
        "must answer with features of shape .* Got: nothing",
    ),
    "types that numpy lacks": (
        lambda link, request: link.sendall(
            wire._HEADER.pack(wire.MAGIC, 1, 2, 8 + len(BF16) + 2)
            + b"{}"
            + len(BF16).to_bytes(8, "little")
            + BF16
            + bytes(2)
        ),
        "must hold JSON and safetensors",
    ),
    "gone": (lambda link, request: link.close(), "the other side went away"),
    "half": (
        lambda link, request: (link.sendall(wire._HEADER.pack(wire.MAGIC, 1, 50, 0)), link.close()),
        "the other side went away, after 0 of 50 bytes",
    ),
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_nonsense_ends_in_one_error(kind, impostor):
    answer, told = ANSWERS[kind]
    served = ServedPolicy(impostor(answer).address)
    with pytest.raises(ServedPolicyError, match=told):
        served.encode(np.ones((1, 3), np.float32))


def test_a_server_that_hangs_is_told_and_its_late_answer_is_nobody_s(impostor):
    asked = []

    def late(link, request):
        asked.append(request.number)
        if len(asked) > 1:
            wire.send(link, request.number, {}, good())
            return

        def slowly():
            time.sleep(0.4)
            with suppress(OSError):
                wire.send(link, request.number, {}, good())

        threading.Thread(target=slowly, daemon=True).start()

    served = ServedPolicy(impostor(late).address, timeout=0.2)
    with pytest.raises(ServedPolicyError, match=r"must answer within 0\.2 s"):
        served.encode(np.ones((1, 3), np.float32))
    served.encode(np.ones((1, 3), np.float32))  # on a connection of its own
    assert asked == [1, 2]


def test_an_answer_that_drips_in_is_late_as_a_whole(impostor):
    def drip(link, request):
        header = wire._HEADER.pack(wire.MAGIC, request.number, 2, 0) + b"{}"
        with suppress(OSError):
            for byte in header:
                link.sendall(bytes([byte]))
                time.sleep(0.05)

    served = ServedPolicy(impostor(drip).address, timeout=0.2)
    began = time.monotonic()
    with pytest.raises(ServedPolicyError, match=r"must answer within 0\.2 s"):
        served.encode(np.ones((1, 3), np.float32))
    assert time.monotonic() - began < 1.0


@pytest.mark.parametrize("kind", ["normalize", "ticket", "frames"])
def test_other_answers_are_checked_as_well(kind, impostor):
    described = {"normalizes": True, "takes_context": True, "observation_dim": 3}
    answers = {
        "normalize": ({}, {"other": np.zeros(3)}),
        "ticket": ({"ticket": "first"}, good()),
        "frames": ({}, {"front": np.zeros((4, 4, 3))}),
    }
    said, arrays = answers[kind]
    served: Any = ServedPolicy(
        impostor(lambda link, r: wire.send(link, r.number, said, arrays), described).address
    )
    seen = np.ones((1, 3), np.float32)
    ask = {
        "normalize": lambda: served.normalize(seen),
        "ticket": lambda: served.encode(seen),
        "frames": served.reference_frames,
    }
    with pytest.raises(ServedPolicyError, match="must answer with"):
        ask[kind]()


@pytest.mark.parametrize(
    "described", [{"latent_dim": "many"}, {"noise_shape": 3}, {"horizon": -1}, {"metadata": 1}]
)
def test_a_description_that_is_none_is_told(described, impostor):
    with pytest.raises(ServedPolicyError, match="a policy's server must describe its policy"):
        ServedPolicy(impostor(lambda *_: None, described).address)


def test_after_a_restart_it_has_to_be_the_same_policy(serving):
    server = serving()
    served = ServedPolicy(server.address)
    served._drop()
    served.encode(np.ones((1, 3), np.float32))  # it connects again
    other = serving(ForeignPolicy(LineGenerator(3, 2, horizon=8)))
    served.address = other.address
    served._drop()
    with pytest.raises(ServedPolicyError, match="must be the one it was"):
        served.encode(np.ones((1, 3), np.float32))


class Interrupting:
    """A connection on which Ctrl-C comes while an answer is waited for."""

    def __init__(self, link):
        self.sendall, self.close, self.settimeout = link.sendall, link.close, link.settimeout

    def recv_into(self, view):
        raise KeyboardInterrupt


def test_an_interrupted_question_leaves_no_answer_behind(serving):
    served: Any = ServedPolicy(serving().address)
    served._link = Interrupting(served._link)
    with pytest.raises(KeyboardInterrupt):
        served.encode(np.ones((1, 3), np.float32))
    np.testing.assert_array_equal(served.encode(2.0 * np.ones((1, 3), np.float32))[1], 2.0)


def test_nan_is_refused_where_it_is_steered(serving):
    class Broken(LineGenerator):
        def generate(self, condition, noise):
            return super().generate(condition, noise) * float("nan")

    served = ServedPolicy(serving(ForeignPolicy(Broken(2, 2))).address)
    with pytest.raises(Exception, match="NaN or infinity"):
        NoiseSteeringWrapper(gym.wrappers.TimeLimit(Reach(), 20), served)
