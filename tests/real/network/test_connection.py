"""One connection is kept, and every failure is a robot's that says what to look at."""

from __future__ import annotations

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from real.network.connection import HttpConnection
from real.robot import RobotError
from zprl_env.errors import ConfigurationError


class Server:
    """Answers as it is told to.

    Attributes:
        answer: Status and body of every reply.
        heard: Path, headers and body of every request.
        connections: How many were made.
        hang_up: Whether it ends each connection after a reply, without having said so.
        held: Cleared, it keeps every reply to itself until it is set.
    """

    def __init__(self):
        self.answer = 200, b"{}"
        self.heard: list[tuple[str, dict[str, str], bytes]] = []
        self.connections, self.hang_up = 0, False
        self.held = threading.Event()
        self.held.set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                outer.connections += 1
                super().setup()

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.heard.append((self.path, dict(self.headers), body))
                outer.held.wait(60.0)
                status, reply = outer.answer
                self.send_response(status)
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)
                self.close_connection = outer.hang_up

            def log_message(self, *_):
                pass

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # of clients that lost patience

        self.http = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        self.held.set()
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def server():
    server = Server()
    yield server
    server.close()


@pytest.fixture
def connection(server):
    connection = HttpConnection(server.url, timeout=30.0)
    yield connection
    connection.close()


def test_what_is_sent_is_json_to_the_path_below_the_address(server):
    connection = HttpConnection(f"{server.url}/arm1/", token="only-for-tests", timeout=30.0)
    assert connection.ask("/pose", {"arr": [0.5, 1.0]}) == {}
    path, headers, body = server.heard[0]
    assert (path, json.loads(body)) == ("/arm1/pose", {"arr": [0.5, 1.0]})
    assert headers["Content-Type"] == "application/json"
    assert headers["Authorization"] == "Bearer only-for-tests"
    connection.close()


def test_nothing_to_send_is_an_empty_body_and_no_token_is_none(server, connection):
    connection.post("/getstate")
    _, headers, body = server.heard[0]
    assert (headers["Content-Length"], body) == ("0", b"")
    assert "Authorization" not in headers


def test_one_connection_is_kept_until_it_is_let_go_of(server, connection):
    for _ in range(5):
        connection.post("/getstate")
    assert server.connections == 1
    connection.close()
    connection.post("/getstate")
    assert server.connections == 2


def test_a_server_that_ends_idle_connections_is_asked_again(server, connection):
    server.hang_up = True
    for _ in range(3):
        connection.post("/getstate")
    assert [path for path, _, _ in server.heard] == ["/getstate"] * 3
    assert server.connections == 3


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (b'{"detail": "the robot is in reflex mode"}', "the robot is in reflex mode"),
        (b"<!doctype html>", "<!doctype html>"),
        (b'{"detail": 7}', '{"detail": 7}'),
        (b"", r"\(no reason given\)"),
        (b"\xff" * 300, "\ufffd" * 200),
    ],
)
def test_a_refusal_is_told_with_the_server_s_reason(reply, reason, server, connection):
    server.answer = 409, reply
    with pytest.raises(RobotError, match=f"{server.url}/pose refuses with 409: {reason}$"):
        connection.post("/pose")


@pytest.mark.parametrize("reply", [b"", b"[1, 2]", b"Moved", b"[" * 100_000])
def test_a_reply_that_is_no_object_is_told_with_its_beginning(reply, server, connection):
    server.answer = 200, reply
    with pytest.raises(RobotError, match=r"must reply with a JSON object\. Got: b'") as told:
        connection.ask("/getstate")
    assert len(str(told.value)) < 300


def test_a_server_that_keeps_silent_is_waited_for_as_long_as_was_said(server, connection):
    server.held.clear()
    with pytest.raises(RobotError, match=r"/getstate did not answer within 0\.05 s\. Try a longer"):
        connection.post("/getstate", timeout=0.05)
    server.held.set()
    server.answer = 200, b'{"later": true}'
    assert connection.ask("/getstate") == {"later": True}  # not the reply that came too late


def test_where_nobody_listens_nobody_can_be_reached():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        connection = HttpConnection(f"http://127.0.0.1:{port}", timeout=30.0)
        with pytest.raises(RobotError, match=r"cannot be reached: .*Is the robot's server"):
            connection.post("/getstate")


def test_what_is_not_finite_is_not_sent(server, connection):
    with pytest.raises(RobotError, match=r"/pose must be sent finite numbers\. Got: \[nan\]"):
        connection.post("/pose", [float("nan")])
    assert server.heard == []


@pytest.mark.parametrize("url", ["robot:5000", "ftp://robot", "http://", "http://a:port", ""])
def test_an_address_that_is_none_is_refused_before_anything_is_sent(url):
    with pytest.raises(ConfigurationError, match=f"must look like http://.*Got: {url}"):
        HttpConnection(url)


@pytest.mark.parametrize("timeout", [0.0, -1.0, float("nan")])
def test_patience_is_more_than_none(timeout):
    with pytest.raises(ConfigurationError, match=f"timeout must be above 0. Got: {timeout}"):
        HttpConnection("http://127.0.0.1:5000", timeout=timeout)
