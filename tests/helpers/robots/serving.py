"""A real server in a process of its own, and a proxy that spoils what goes through it."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from real.tasks.files import load_preset

ROOT = Path(__file__).parents[3]
PATIENCE = 60.0
"""How long a loaded machine may take [s]."""


def relaxed_preset(folder: Path, task: str = "place-orange", **changes) -> Path:
    """A task whose deadlines a loaded machine meets, as a file."""
    content = load_preset(task).model_dump(mode="json")
    watchdog = {"max_state_age": 0.6, "max_missed_deadlines": 60, "max_tracking_error": 0.2}
    content |= {"rate": 20, "control_rate": 20, "episode_steps": 1000, "reset_speed": 1.0}
    content |= {"watchdog": watchdog, **changes}
    path = folder / f"{task}.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def until(condition, patience: float = PATIENCE) -> bool:
    """Wait until something holds; whether it does in the end."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


class ServerProcess:
    """``python -m real.server`` on a free port."""

    def __init__(self, task: Path | str, driver: str = "ideal", *arguments: str) -> None:
        self.command = [sys.executable, "-m", "real.server", "--driver", driver, "--task"]
        self.command += [str(task), *arguments]
        self.port = 0
        self.start()

    def start(self) -> None:
        """Start it, at the port that it had."""
        self.process = subprocess.Popen(
            [*self.command, "--port", str(self.port)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.communicate()
        self.url = line.split()[-1]
        self.port = urlsplit(self.url).port or 0

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    def end(self) -> str:
        """End it as Ctrl-C does not, and return what it complained about."""
        self.process.terminate()
        _, complaints = self.process.communicate(timeout=PATIENCE)
        assert self.process.returncode == 130
        return complaints.removesuffix("interrupted\n")

    def post(self, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
        return post(self.url, path, body, **headers)

    def state(self) -> dict:
        """What the server says of its robot, past any proxy."""
        return json.loads(self.post("/getstate")[1])

    def at_rest(self) -> bool:
        """Whether the robot was told to stop, and stays where it is."""
        deadline = time.monotonic() + PATIENCE
        while max(map(abs, self.state()["vel"])) > 1e-6:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        pose = self.state()["pose"]
        time.sleep(0.2)
        return self.state()["pose"] == pose

    def abandon(self) -> None:
        """End it whatever state it is in."""
        if self.process.returncode is None:
            self.kill()


def post(url: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
    """One request over a connection of its own."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE)
    try:
        kind = {"Content-Type": "application/json"}
        with suppress(BrokenPipeError):  # answered before all of the body was sent
            connection.request("POST", path, body, kind | headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


class FaultyProxy:
    """Stands between client and server.

    Attributes:
        fault: What happens to requests now: None, "disconnect", "freeze", "stale", "reject",
            "slow", or what is to be answered to every question about the state, as bytes.
        heard: What went through: paths, bodies and replies.
    """

    def __init__(self, server: ServerProcess) -> None:
        self.fault: str | bytes | None = None
        self.frozen: bytes | None = None
        self.heard: list[tuple[str, bytes, bytes]] = []
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                fault = proxy.fault
                if fault == "disconnect":
                    self.close_connection = True
                    return
                if fault == "slow":
                    time.sleep(1.0)
                if fault == "reject" and self.path == "/pose":
                    self.answer(409, b'{"detail": "the robot is in reflex mode"}')
                    return
                status, reply = post(server.url, self.path, body)
                if self.path == "/getstate":
                    reply = proxy.spoil(reply, fault)
                proxy.heard.append((self.path, body, reply))
                self.answer(status, reply)

            def answer(self, status: int, reply: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, *_: object) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                pass  # clients that lost patience

        self._http = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    def spoil(self, reply: bytes, fault: str | bytes | None) -> bytes:
        if isinstance(fault, bytes):
            return fault
        if fault == "freeze":
            self.frozen = self.frozen or reply
            return self.frozen
        self.frozen = None
        if fault == "stale":
            said = json.loads(reply)
            said["zprl"]["age"] += 1.0
            return json.dumps(said).encode()
        return reply

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
