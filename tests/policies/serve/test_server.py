"""The server listens where it may, and lets nobody do what is not for them."""

from __future__ import annotations

import socket
import time
from contextlib import suppress

import numpy as np
import pytest

from policies.errors import ConfigurationError
from policies.foreign import ForeignPolicy
from policies.foreign.testing import LineGenerator
from policies.serve import wire
from policies.serve.client import ServedPolicy, ServedPolicyError
from policies.serve.server import PolicyServer


@pytest.fixture
def link(serving):
    """A connection to a server, which has challenged it."""
    host, _, port = serving().address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=5.0) as made:
        wire.receive(made)
        yield made


def test_beyond_this_machine_it_wants_a_token():
    policy = ForeignPolicy(LineGenerator(3, 2))
    with pytest.raises(ConfigurationError, match=r"must want a token. Got: host 0.0.0.0 and none"):
        PolicyServer(policy, "0.0.0.0")
    with pytest.raises(ConfigurationError, match="at least 8 characters"):
        PolicyServer(policy, token="short")


def test_a_port_in_use_is_told(serving):
    port = int(serving().address.rpartition(":")[2])
    with pytest.raises(ConfigurationError, match=rf"port {port} \(Address already in use"):
        serving(port=port)


def test_a_socket_of_the_file_system_is_one_s_own(serving, tmp_path):
    server = serving(host=str(tmp_path / "policy.sock"))
    assert (tmp_path / "policy.sock").stat().st_mode & 0o077 == 0
    assert ServedPolicy(server.address).latent_dim == 3


@pytest.mark.parametrize("method", ["__class__", "metadata", "", None, "encode"])
def test_a_request_that_it_cannot_answer_is_told_and_nothing_is_called(link, method):
    wire.send(link, 0, {"proof": ""})
    wire.receive(link)
    wire.send(link, 7, {"method": method})
    answer = wire.receive(link)
    assert answer.number == 7
    assert "error" in answer.said
    arrays = {"observations": np.ones((1, 3), np.float32)}
    wire.send(link, 8, {"method": "encode"}, arrays)
    assert wire.receive(link).arrays["mean"].shape == (1, 3)


def test_junk_and_silence_hurt_nobody_else(serving):
    server = serving()
    host, _, port = server.address.rpartition(":")
    half_open = [socket.create_connection((host, int(port))) for _ in range(20)]
    rng = np.random.default_rng(0)
    for _ in range(50):
        with socket.create_connection((host, int(port))) as link:
            link.sendall(rng.integers(0, 256, 200, np.uint8).tobytes())
    assert ServedPolicy(server.address).horizon == 4
    for link in half_open:
        link.close()


def test_a_socket_that_was_left_behind_is_taken_over(serving, tmp_path):
    path = str(tmp_path / "policy.sock")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as left:
        left.bind(path)
    assert ServedPolicy(serving(host=path).address).horizon == 4
    with pytest.raises(ConfigurationError, match="Address already in use"):
        serving(host=path)


def test_a_greeting_is_short_and_whole_in_its_time(serving, monkeypatch):
    monkeypatch.setattr("policies.serve.server.GREETED", 0.2)
    host, _, port = serving().address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=5.0) as made:
        wire.receive(made)
        began = time.monotonic()
        with suppress(OSError):
            for _ in range(100):
                made.sendall(b"Z")
                time.sleep(0.05)
        assert time.monotonic() - began < 2.0
    with socket.create_connection((host, int(port)), timeout=5.0) as made:
        wire.receive(made)
        wire.send(made, 0, {"proof": "x" * 5000})
        with pytest.raises((wire.WireError, ConnectionError)):
            wire.receive(made)


def test_no_more_connections_are_held_than_there_are_places(serving, monkeypatch):
    monkeypatch.setattr("policies.serve.server.MOST_CLIENTS", 2)
    server = serving()
    clients = [ServedPolicy(server.address) for _ in range(2)]
    with pytest.raises(ServedPolicyError):
        ServedPolicy(server.address)
    clients[0].close()
    time.sleep(0.1)
    ServedPolicy(server.address).close()


def test_arrays_before_the_greeting_are_refused(link):
    wire.send(link, 0, {"proof": ""}, {"x": np.zeros(10)})
    with pytest.raises((wire.WireError, ConnectionError)):
        wire.receive(link)
