"""Watcher in the console's process: keeps what the robot's process shows, and films of it."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from real.console.line import Line, LineError, sessions
from real.recording.jpeg import jpeg

BEAT = 0.1
"""Time between two looks at the session [s]."""
MOST_FILM = 64 * 2**20
"""Bytes of films that are kept; the oldest episode's go first."""
STALE = 2.0
"""Age of the news from which on the page says that nothing is known [s]."""
NOTHING: dict[str, Any] = {"phase": "no robot", "told": {}, "episodes": [], "events": []}


class Watcher:
    """Watcher of one session: the one at an address, or else the newest there is.

    A thread asks what is to be seen, for all pages at once. Words go by lines of their own, and the
    stop by one that nothing else uses: none waits for a picture.

    Args:
        path: Where the session listens; the newest one if None.
        now: The time [s].

    Attributes:
        shown: What the session showed last.
        pictures: Newest picture of each camera, as JPEG.
        number: Number of those pictures.
    """

    def __init__(self, path: Path | None = None, now: Callable[[], float] = time.monotonic) -> None:
        self._wanted, self._now = path, now
        self.shown: dict[str, Any] = dict(NOTHING)
        self.pictures: dict[str, bytes] = {}
        self.number = 0
        self._film: OrderedDict[tuple[str, int], list[bytes]] = OrderedDict()
        self._size, self._heard = 0, -np.inf
        self._place: Path | None = None
        self._lines: dict[str, Line] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()

    def start(self) -> None:
        """Begin to watch."""
        threading.Thread(target=self._run, name="watcher", daemon=True).start()

    def close(self) -> None:
        """Watch no longer, and close all lines."""
        self._ended.set()
        with self._lock:
            for line in self._lines.values():
                line.close()
            self._lines = {}

    @property
    def age(self) -> float:
        """Age of what is shown [s]; infinite before there was anything."""
        return float(self._now() - self._heard)

    @property
    def is_connected(self) -> bool:
        """Whether the session was heard of just now."""
        return self.age < STALE

    def ask(self, line: str, **content: Any) -> dict[str, Any]:
        """Ask the session something, by a line for that purpose.

        Args:
            line: Name of the line.
            **content: What is asked, as :class:`real.console.link.Link` takes it.

        Returns:
            Its answer, with ``refused`` if it does not do that.

        Raises:
            LineError: It is not there.
        """
        answer, _ = self._asked(line, **content)
        return answer

    def film(self, episode: int) -> list[bytes]:
        """Return the pictures of an episode's first camera, as far as they were seen."""
        return [*self._film.get((str(self._place), episode), [])]

    def _asked(self, name: str, **content: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        for attempt in (1, 2):
            line = self._line(name)
            try:
                return line.ask(**content)
            except LineError:
                with self._lock:
                    self._lines.pop(name, None)
                line.close()
                if attempt == 2:
                    raise
        raise AssertionError

    def _line(self, name: str) -> Line:
        """Return a line that is open, or open it."""
        with self._lock:
            place = self._place or self._find()
            if place is None:
                raise LineError("A robot's process must be there. Got: none with --console.")
            if name not in self._lines:
                self._lines[name] = Line(place)
            return self._lines[name]

    def _find(self) -> Path | None:
        if self._wanted is not None:
            return self._wanted if self._wanted.exists() else None
        return next(iter(sessions()), None)

    def _run(self) -> None:
        while not self._ended.wait(BEAT):
            try:
                self._look()
            except LineError:
                with self._lock:
                    for line in self._lines.values():
                        line.close()
                    self._lines, self._place = {}, self._find()
                self._ended.wait(5 * BEAT)

    def _look(self) -> None:
        with self._lock:
            self._place = self._place or self._find()
        self._line("stop")  # open before it is needed
        shown, _ = self._asked("shown", ask="shown")
        self.shown, self._heard = shown, self._now()
        answer, pictures = self._asked("pictures", ask="pictures")
        if answer.get("number") == self.number or not pictures:
            return
        self.pictures = {name: jpeg(picture) for name, picture in pictures.items()}
        self.number = int(answer["number"])
        if shown.get("running"):
            self._keep(int(shown["number"]), next(iter(self.pictures.values())))

    def _keep(self, episode: int, picture: bytes) -> None:
        """Keep a picture for the film of an episode."""
        self._film.setdefault((str(self._place), episode), []).append(picture)
        self._size += len(picture)
        while self._size > MOST_FILM and len(self._film) > 1:
            _, gone = self._film.popitem(last=False)
            self._size -= sum(map(len, gone))
