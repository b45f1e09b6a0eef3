"""Keys of a terminal, shared by whoever listens: the operator's words and a person's motion."""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import threading
from collections import deque
from collections.abc import Collection
from typing import TextIO

from zprl_env.errors import ConfigurationError

BLUR = "blur"
"""Name that all listeners are given when the terminal's window is no longer looked at."""
SEQUENCES = {
    b"\x1b[A": "up",
    b"\x1b[B": "down",
    b"\x1b[C": "right",
    b"\x1b[D": "left",
    b"\x1bOA": "up",
    b"\x1bOB": "down",
    b"\x1bOC": "right",
    b"\x1bOD": "left",
    b"\x1b[O": BLUR,
    b"\x1b[I": "focus",
}
"""Sequences that terminals send for keys that are no characters, and names for them."""
REPORT_FOCUS, IGNORE_FOCUS = "\x1b[?1004h", "\x1b[?1004l"


class Listener:
    """Listener to some keys of a terminal; see :meth:`Keys.listen`."""

    def __init__(self, keys: Keys, wanted: frozenset[str], heard: deque[str]) -> None:
        self.wanted, self.heard = wanted, heard
        self._keys: Keys | None = keys

    @property
    def gone(self) -> bool:
        """Whether the terminal is gone, so that nothing can be heard any more."""
        return self._keys is not None and self._keys.gone

    def take(self) -> list[str]:
        """Return the keys that were pressed since the last call, in order, by their names."""
        if self._keys is None:
            return []
        self._keys.read()
        return [self.heard.popleft() for _ in range(len(self.heard))]

    def close(self) -> None:
        """Listen no longer; the last one gives the terminal back as it was."""
        keys, self._keys = self._keys, None
        if keys is not None:
            keys.leave(self)


class Keys:
    """Keys of one terminal, read without Enter and without waiting, whoever asks first.

    A key belongs to those who listen to it; one that nobody does means nothing. Several who listen
    to the same keys, such as two environments' operators, are one: a key is heard once.
    """

    _open: dict[int, Keys] = {}  # noqa: RUF012

    def __init__(self, file: int) -> None:
        import termios
        import tty

        self._file, self._termios = file, termios
        self._before = termios.tcgetattr(file)
        self._listeners: list[Listener] = []
        self._left = b""
        self._lock = threading.Lock()
        self.gone = False
        tty.setcbreak(file)
        atexit.register(self._restore)

    @classmethod
    def listen(cls, keyboard: TextIO, wanted: Collection[str], whose: str) -> Listener:
        """Listen to keys of a terminal.

        Args:
            keyboard: The terminal.
            wanted: Names of the keys: characters, or those of `SEQUENCES`.
            whose: Who listens, for the error.

        Raises:
            ConfigurationError: It is no terminal.
        """
        if not keyboard.isatty():
            raise ConfigurationError(
                f"{whose} must have a terminal. Got: input that is none. Try operator='auto' for "
                "a simulated robot, or a ScriptedOperator."
            )
        file = keyboard.fileno()
        keys = cls._open.get(file)
        if keys is None:
            keys = cls._open[file] = cls(file)
        same = [other for other in keys._listeners if other.wanted == frozenset(wanted)]
        listener = Listener(keys, frozenset(wanted), same[0].heard if same else deque())
        keys._listeners.append(listener)
        return listener

    def read(self) -> None:
        """Read what was pressed, and give it to those who listen."""
        with self._lock:
            while not self.gone and select.select([self._file], [], [], 0.0)[0]:
                try:
                    read = os.read(self._file, 256)
                except OSError:
                    read = b""
                self.gone = not read
                self._left += read
            queues = {listener.wanted: listener.heard for listener in self._listeners}
            for name in self._names():
                for wanted, heard in queues.items():
                    if name == BLUR or name in wanted:
                        heard.append(name)

    def _names(self) -> list[str]:
        """Name the keys that were read; the beginning of a sequence is left for later."""
        names = []
        while self._left:
            sequence = next((s for s in SEQUENCES if self._left.startswith(s)), None)
            if sequence is not None:
                names.append(SEQUENCES[sequence])
                self._left = self._left[len(sequence) :]
            elif any(sequence.startswith(self._left) for sequence in SEQUENCES):
                break
            else:
                names.append(self._left[:1].decode(errors="ignore"))
                self._left = self._left[1:]
        return names

    def leave(self, listener: Listener) -> None:
        """Give nothing more to a listener."""
        self._listeners = [other for other in self._listeners if other is not listener]
        if not self._listeners:
            self._restore()
            self._open.pop(self._file, None)
            atexit.unregister(self._restore)

    def _restore(self) -> None:
        with contextlib.suppress(self._termios.error, ValueError, OSError):
            self._termios.tcsetattr(self._file, self._termios.TCSADRAIN, self._before)
