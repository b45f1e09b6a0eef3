"""Line between a robot's process and the console: a Unix socket that its user alone can reach."""

from __future__ import annotations

import json
import os
import socket
import stat
import struct
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from zprl_env.errors import ConfigurationError, ZprlError

LONGEST, LONGEST_PICTURES = 2**20, 2**26
"""Bytes of the longest message, and of the pictures that may come with one."""
PATIENCE = 2.0
"""Time after which an answer is not waited for any longer [s]."""
_HEAD = struct.Struct("<II")


class LineError(ZprlError):
    """The robot's process cannot be reached, or says what cannot be understood."""


def private_folder() -> Path:
    """Return the folder of the sockets, which its user alone can enter; it is made if need be.

    Raises:
        ConfigurationError: Somebody else's folder has its name.
    """
    user = os.getuid()
    folder = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()) / f"zprl-{user}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != user or found.st_mode & 0o077:
        raise ConfigurationError(
            f"{folder} must be a folder of yours that nobody else can enter. Got: another one. "
            "Remove it, or set XDG_RUNTIME_DIR."
        )
    return folder


def address(number: int | None = None) -> Path:
    """Return where a process listens for consoles.

    Args:
        number: Its number; this one's if not given.
    """
    return private_folder() / f"{os.getpid() if number is None else number}.console"


def sessions() -> list[Path]:
    """List where processes listen that are alive, the newest first."""
    found = [path for path in private_folder().glob("*.console") if is_alive(path)]
    return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)


def is_alive(path: Path) -> bool:
    """Tell whether a process listens there, or still did when it was last heard of."""
    try:
        os.kill(int(path.stem), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        pass
    return path.exists()


def send(line: socket.socket, content: Mapping[str, Any], pictures: Mapping[str, Any]) -> None:
    """Send a message: JSON, and pictures behind it.

    Args:
        line: The connection.
        content: What JSON can say.
        pictures: Shape ``(H, W, 3)`` each, uint8.
    """
    packed = {name: np.ascontiguousarray(picture, np.uint8) for name, picture in pictures.items()}
    shapes = {name: picture.shape for name, picture in packed.items()}
    text = json.dumps({**content, "pictures": shapes}, default=_plain).encode()
    data = b"".join(picture.tobytes() for picture in packed.values())
    line.sendall(_HEAD.pack(len(text), len(data)) + text + data)


def receive(line: socket.socket) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Receive a message: what JSON said, and the pictures.

    Raises:
        LineError: The other side is gone, or sends something else.
    """
    length, size = _HEAD.unpack(_exactly(line, _HEAD.size))
    if length > LONGEST or size > LONGEST_PICTURES:
        raise LineError(f"A message must be at most {LONGEST} bytes. Got: {length} and {size}.")
    text, data = _exactly(line, length), _exactly(line, size)
    try:
        content = json.loads(text)
        shapes = content.pop("pictures", {})
        pictures, start = {}, 0
        for name, shape in shapes.items():
            end = start + int(np.prod(shape))
            pictures[name] = np.frombuffer(data[start:end], np.uint8).reshape(shape)
            start = end
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise LineError(f"A message must be a JSON object. Got: {text[:60]!r}.") from error
    return content, pictures


def _exactly(line: socket.socket, size: int) -> bytes:
    """Receive so many bytes."""
    parts, left = [], size
    while left:
        part = line.recv(min(left, 2**18))
        if not part:
            raise LineError("The other side must be there. Got: it has closed the line.")
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _plain(value: Any) -> Any:
    """Convert numpy's numbers to JSON's, and anything else to its text."""
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else str(value)


class Line:
    """One connection to a robot's process, on which one question at a time is asked.

    Args:
        path: Where it listens.
        patience: How long an answer may take [s].

    Raises:
        LineError: It does not listen there.
    """

    def __init__(self, path: Path, patience: float = PATIENCE) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(patience)
        try:
            self._socket.connect(str(path))
        except OSError as error:
            self._socket.close()
            raise LineError(f"{path} must be listened at. Got: {error}.") from error

    def ask(self, **content: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Ask, and return what is answered; a line that failed once is of no use any more.

        Raises:
            LineError: There is no answer.
        """
        with self._lock:
            try:
                send(self._socket, content, {})
                return receive(self._socket)
            except OSError as error:
                self._socket.close()
                raise LineError(f"{self.path} must answer. Got: {error}.") from error

    def close(self) -> None:
        """Close it."""
        self._socket.close()
