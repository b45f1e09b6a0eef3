"""Link that a robot's process listens on for consoles: questions about it, and words for it."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from typing import Any, Protocol

import numpy as np

from real.console.hands import Hands
from real.console.line import LineError, address, receive, send
from real.network.lease import Lease
from zprl_env.errors import ZprlError

MOST = 16
"""Connections that may be open at a time."""


class Answering(Protocol):
    """A desk, as its link sees it: see :class:`real.console.desk.Desk`."""

    hands: Hands
    lease: Lease

    def stop(self) -> dict[str, Any]:
        """Stop the arms, whoever asks."""
        ...

    def say(self, word: str, page: str) -> None:
        """Say a word of an operator."""
        ...

    def judge(self, number: int, word: str, page: str) -> None:
        """Judge an episode anew."""
        ...

    def take(self, mine: bool, page: str) -> None:
        """Take the arms from the policy, or give them back."""
        ...

    def shown(self) -> dict[str, Any]:
        """Return everything that a page shows."""
        ...

    def pictures(self) -> tuple[int, dict[str, np.ndarray]]:
        """Return the newest pictures for people, and their number."""
        ...


class Link:
    """Link to consoles: a thread that listens, and one for each connection.

    What is asked for is answered at once, and nothing here waits for the control loop but a stop
    for its being in force. A line that ends, however it does, changes nothing.

    Args:
        desk: Answers.
    """

    def __init__(self, desk: Answering) -> None:
        self._desk = desk
        self._listener: socket.socket | None = None
        self._lines: set[socket.socket] = set()
        self._lock = threading.Lock()

    def open(self) -> None:
        """Begin to listen; a second call does nothing."""
        if self._listener is not None:
            return
        path = address()
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        os.chmod(path, 0o600)
        self._listener.listen(MOST)
        threading.Thread(target=self._accept, name="console", daemon=True).start()

    def close(self) -> None:
        """Close all lines."""
        listener, self._listener = self._listener, None
        if listener is None:
            return
        address().unlink(missing_ok=True)
        with self._lock:
            lines = [listener, *self._lines]
        for line in lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            line.close()

    def _accept(self) -> None:
        listener = self._listener
        while listener is not None and listener is self._listener:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                full = len(self._lines) >= MOST
                if not full:
                    self._lines.add(line)
            if full:
                line.close()
                continue
            threading.Thread(target=self._serve, args=(line,), name="console", daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        try:
            while True:
                content, _ = receive(line)
                said, pictures = self.answer(content)
                send(line, said, pictures)
        except (LineError, OSError):
            return
        finally:
            with self._lock:
                self._lines.discard(line)
            line.close()

    def answer(self, content: dict[str, Any]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Answer one question.

        Args:
            content: ``ask`` says which; ``page`` who asks.

        Returns:
            What JSON can say, with ``refused`` where that is why nothing was done, and pictures.
        """
        desk, page = self._desk, str(content.get("page", ""))[:40]
        try:
            ask = content.get("ask")
            if ask == "stop":
                return desk.stop(), {}
            if ask == "shown":
                return desk.shown(), {}
            if ask == "pictures":
                number, pictures = desk.pictures()
                return {"number": number}, pictures
            if ask == "alive":
                desk.lease.renew(page)
            elif ask == "claim":
                desk.lease.leave(desk.lease.holder or "")
                desk.lease.claim(page)
            elif ask == "say":
                desk.say(str(content.get("word")), page)
            elif ask == "judge":
                desk.judge(int(content["episode"]), str(content.get("word")), page)
            elif ask == "take":
                desk.take(bool(content.get("mine")), page)
            elif ask == "stick":
                desk.lease.claim(page)
                desk.hands.move(
                    page,
                    float(content["sent"]),
                    int(content["arm"]),
                    content["rate"],
                    content.get("gripper"),
                )
            else:
                return {"refused": "Nothing like that can be asked."}, {}
        except ZprlError as error:
            return {"refused": str(error)}, {}
        except (KeyError, TypeError, ValueError, OverflowError):
            return {"refused": "What is asked must have all its parts."}, {}
        return {"holder": desk.lease.present}, {}
