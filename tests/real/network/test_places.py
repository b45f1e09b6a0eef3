"""Connections beyond those there is room for take an idle one's place, and a stop gets through."""

from __future__ import annotations

import http.client
import json
import resource
import socket
import subprocess
import sys
import time
from urllib.parse import urlsplit

import pytest

from real.network.places import LEAST, MOST, places
from tests.helpers.robots.serving import PATIENCE, ServerProcess

DESCRIPTORS = 128


@pytest.fixture(scope="module")
def server():
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, limits[1]))
    try:
        server = ServerProcess("place-orange")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    yield server
    assert server.end() == ""


SILENT = b""
HALF_A_REQUEST = b"POST /zprl/stop HTTP/1.1\r\nHost: here\r\nContent-"
NO_BODY = b"POST /pose HTTP/1.1\r\nHost: here\r\nContent-Length: 60\r\n\r\n{"


@pytest.mark.slow
@pytest.mark.parametrize("said", [SILENT, HALF_A_REQUEST, NO_BODY], ids=["", "half", "no body"])
def test_a_stop_gets_through_whoever_else_holds_a_line(said, server):
    address = (urlsplit(server.url).hostname, server.port)
    lines = []
    try:
        for _ in range(DESCRIPTORS + 1):
            line = socket.create_connection(address, PATIENCE)
            line.sendall(said)
            lines.append(line)
        began = time.monotonic()
        assert server.post("/zprl/stop") == (200, b'{"stopped":true}')
        assert time.monotonic() - began < PATIENCE / 6
        assert json.loads(server.post("/getstate")[1])
    finally:
        for line in lines:
            line.close()


def test_who_spoke_last_stays(server):
    address = (urlsplit(server.url).hostname, server.port)
    spoken = http.client.HTTPConnection(*address, timeout=PATIENCE)
    spoken.connect()
    line = spoken.sock
    lines: list[socket.socket] = []
    try:
        for _ in range(DESCRIPTORS // 4):
            lines += [socket.create_connection(address, PATIENCE) for _ in range(4)]
            spoken.request("POST", "/getstate")
            assert spoken.getresponse().read()
            assert spoken.sock is line  # never made anew
    finally:
        spoken.close()
        for other in lines:
            other.close()


def test_there_are_as_many_places_as_descriptors_allow():
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({}, {}));"
        "from real.network.places import places; print(places())"
    )
    few, some = (
        int(subprocess.run([sys.executable, "-c", code.format(n, n)], capture_output=True).stdout)
        for n in (40, 100)
    )
    assert few == LEAST
    assert LEAST < some < 100
    assert places() == MOST
