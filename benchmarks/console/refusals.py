"""Refusals of a console: malformed requests, and those of other pages."""

from __future__ import annotations

import base64
import os
import socket
from collections import Counter
from collections.abc import Callable
from contextlib import closing

import numpy as np

from benchmarks.console.page import served_page
from real.console.desk import Desk
from real.env import RealRobotEnv
from zprl_env.errors import ZprlError

TOKEN = "a token of the benchmark"
GOOD = {"/console/stop": "{}", "/console/say": '{"page": "a", "word": "pause"}'}
"""Requests that would mean something, with the token."""
BODIES = (
    *("", "null", "[]", "{", '{"page": 1}', '{"page": "a"}', '{"page": "a", "word": null}'),
    *('{"page": "<b>", "word": "stop"}', '{"page": "a", "word": "stop", "more": 1}', "\x00\xff"),
    '{"page": "a", "sent": NaN, "arm": 0, "rate": [0,0,0,0,0,0]}',
    '{"page": "a", "sent": 1.0, "arm": 0, "rate": [9,0,0,0,0,0]}',
    '{"page": "a", "sent": 1.0, "arm": -1, "rate": [0,0,0,0,0,0]}',
    '{"page": "a", "mine": "yes"}',
    "[" * 2000,
)
"""Bodies that mean nothing to any request but the stop's, which needs none."""
PATHS = ("/console/say", "/console/take", "/console/stick", "/console/claim", "/console/alive")
Request = tuple[str, str, dict[str, str], str]


def refusals(number: int) -> dict[str, dict[str, int]]:
    """Send requests that have to be refused, and count the answers.

    Args:
        number: How many.

    Returns:
        Status codes and how often they came, by kind of request.

    Raises:
        ZprlError: One was not refused, or a word or stop got through.
    """
    kinds: dict[str, Callable[[np.random.Generator, str], Request]] = {
        "no token": _without_token,
        "another page": _of_another_page,
        "another host": _of_another_host,
        "malformed": _malformed,
        "another page's WebSocket": _foreign_socket,
    }
    counts = {kind: Counter[str]() for kind in kinds}
    rng, desk = np.random.default_rng(0), Desk()
    env = RealRobotEnv("place-orange", driver="ideal", console=desk)
    with closing(env), closing(desk.open()), served_page(TOKEN) as (host, port):
        env.reset(seed=0)
        for turn in range(number):
            kind = [*kinds][turn % len(kinds)]
            status = _answered(host, port, kinds[kind](rng, f"{host}:{port}"))
            counts[kind][status] += 1
            if status[0] != "4":
                raise ZprlError(f"A request must be refused ({kind}). Got: {status}.")
        if desk.shown()["phase"] != "running" or desk.words.take(True):
            raise ZprlError(f"Nothing must get through. Got: {desk.shown()['phase']}.")
    return {kind: dict(found) for kind, found in counts.items()}


def _any(rng: np.random.Generator) -> tuple[str, str]:
    """Choose a request that means something."""
    path = [*GOOD][int(rng.integers(len(GOOD)))]
    return path, GOOD[path]


def _known(host: str) -> dict[str, str]:
    return {"Host": host, "Authorization": f"Bearer {TOKEN}"}


def _without_token(rng: np.random.Generator, host: str) -> Request:
    path, body = _any(rng)
    shown = ("", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN} ")[rng.integers(4)]
    headers = {"Host": host, "Cookie": f"zprl_console={rng.bytes(16).hex()}"}
    return "POST", path, headers | ({"Authorization": shown} if shown else {}), body


def _of_another_page(rng: np.random.Generator, host: str) -> Request:
    path, body = _any(rng)
    origins = ("http://evil.example", "null", "https://evil.example", f"http://{host}.evil", "x")
    foreign = {"Origin": str(origins[rng.integers(len(origins))])}
    if rng.random() < 0.3:
        foreign = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    return "POST", path, _known(host) | foreign, body


def _of_another_host(rng: np.random.Generator, host: str) -> Request:
    path, body = _any(rng)
    names = ("evil.example", "127.0.0.1.evil.example", "robot.lab", "localhost.evil")
    name = f"{names[rng.integers(len(names))]}:{host.rpartition(':')[2]}"
    return "POST", path, _known(name) | {"Origin": f"http://{name}"}, body


def _malformed(rng: np.random.Generator, host: str) -> Request:
    path, body = PATHS[rng.integers(len(PATHS))], BODIES[rng.integers(len(BODIES))]
    if path in ("/console/claim", "/console/alive") and body.startswith('{"page": "a"}'):
        path = "/console/say"
    if rng.random() < 0.1:
        path, body = f"/console/{rng.bytes(4).hex()}", "{}"
    if rng.random() < 0.05:
        body = " " * 70_000  # beyond what a request may be
    return "POST", path, _known(host) | {"Content-Type": "application/json"}, body


def _foreign_socket(rng: np.random.Generator, host: str) -> Request:
    headers = {
        **_known(host),
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        "Origin": "http://evil.example",
    }
    return "GET", "/_nicegui_ws/socket.io/?EIO=4&transport=websocket", headers, ""


def _answered(host: str, port: int, request: Request) -> str:
    """Send a request as it is; return the status of its answer."""
    method, path, headers, body = request
    sent = body.encode("latin-1")
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    lines += [f"Content-Length: {len(sent)}", "", ""]
    with socket.create_connection((host, port), timeout=10.0) as line:
        line.sendall("\r\n".join(lines).encode("latin-1"))
        if len(sent) < 65_000:
            line.sendall(sent)
        answer = line.recv(4096).decode("latin-1")
    return answer.split(" ")[1] if " " in answer else "closed"
