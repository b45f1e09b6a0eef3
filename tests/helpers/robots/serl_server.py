"""A server that is SERL's own: no stamps, no stop, other counts, and one connection per request."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

STATE: dict[str, Any] = {
    "pose": [0.4, 0.1, 0.3, 1.0, 0.0, 0.0, 0.0],
    "vel": [0.1, 0.0, 0.0, 0.0, 0.0, 0.2],
    "force": [0.0] * 3,
    "torque": [0.0] * 3,
    "q": [0.1] * 7,
    "dq": [0.0] * 7,
    "jacobian": [[0.0] * 7] * 6,
    "gripper_pos": 0.75,
}


class SerlServer:
    """Answers as SERL's Flask server does: plain text, and one connection per request.

    Attributes:
        reading: What it says of its arm.
        heard: The requests that were no questions, with what was sent.
        answers: What is answered at a path instead, as bytes.
    """

    def __init__(self):
        self.reading = dict(STATE)
        self.heard: list[tuple[str, dict | None]] = []
        self.answers: dict[str, bytes] = {}
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                reply = fake.answer(self.path, json.loads(body) if body else None)
                self.send_response(404 if reply is None else 200)
                self.end_headers()
                self.wfile.write(b"<!doctype html>" if reply is None else reply)

            def log_message(self, *_):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, path: str, content: dict | None) -> bytes | None:
        """The reply's body; None for what is not there."""
        if path in self.answers:
            self.heard.append((path, content))
            return self.answers[path]
        if path == "/getstate":
            return json.dumps(self.reading).encode()
        if path == "/getpos":
            return json.dumps({"pose": self.reading["pose"]}).encode()
        self.heard.append((path, content))
        known = ("/pose", "/move_gripper", "/clearerr", "/jointreset")
        return b"Moved" if path in known else None

    def close(self):
        self._http.shutdown()
        self._http.server_close()
