"""A crash-safe, append-only journal: records with length and checksum survive a kill."""

from __future__ import annotations

import json
import os
import struct
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

MAGIC = b"zprl journal 1\n"
_HEAD = struct.Struct("<II")
_REMARKS = "remarks"


@dataclass(frozen=True)
class Record:
    """One entry of a journal: JSON and arrays.

    Attributes:
        remarks: What JSON can say.
        arrays: What it cannot.
    """

    remarks: dict[str, Any]
    arrays: dict[str, np.ndarray]


class Journal:
    """An append-only file of records, each with its length and checksum.

    A record reaches the operating system before :meth:`add` returns, which is enough should this
    process be killed, and the disk within ``interval``, which is what a power cut leaves.

    Args:
        path: A new file.
        interval: Time between two waits for the disk [s].

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     journal = Journal(Path(folder, "a.journal"))
        ...     journal.add({"step": 1}, {"x": np.ones(2)})
        ...     journal.close()
        ...     [(record.remarks, record.arrays["x"].tolist()) for record in read(journal.path)]
        [({'step': 1}, [1.0, 1.0])]
    """

    def __init__(self, path: Path, interval: float = 0.25) -> None:
        self.path = path
        self._interval = interval
        self._file = path.open("xb", buffering=0)
        self._write(MAGIC)
        self._synced = -np.inf
        self.sync()
        sync_folder(path.parent)

    def add(self, remarks: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        """Write a record."""
        payload = _pack(remarks, arrays)
        self._write(_HEAD.pack(len(payload), zlib.crc32(payload)) + payload)
        self._dirty = True
        if time.monotonic() - self._synced > self._interval:
            self.sync()

    def sync(self) -> None:
        """Wait until everything is on the disk."""
        os.fsync(self._file.fileno())
        self._synced, self._dirty = time.monotonic(), False

    @property
    def dirty(self) -> bool:
        """Whether any record is not on the disk yet."""
        return self._dirty

    def close(self) -> None:
        """Bring everything to the disk and close the file."""
        if not self._file.closed:
            self.sync()
            self._file.close()

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]


def read(path: Path) -> Iterator[Record]:
    """Read the records of a journal up to where it was torn.

    Args:
        path: The file.

    Yields:
        The records that are whole.
    """
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            return
        left = os.fstat(file.fileno()).st_size - len(MAGIC)
        while left >= _HEAD.size:
            length, checksum = _HEAD.unpack(file.read(_HEAD.size))
            left -= _HEAD.size + length
            if left < 0:
                return
            payload = file.read(length)
            if zlib.crc32(payload) != checksum:
                return
            try:
                arrays = load(payload)
                remarks = json.loads(arrays.pop(_REMARKS).tobytes())
            except (SafetensorError, KeyError, ValueError):
                return
            yield Record(remarks, arrays)


def sync_folder(folder: Path) -> None:
    """Bring the names of a folder's files to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _pack(remarks: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> bytes:
    text = json.dumps(dict(remarks), default=_plain).encode()
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    packed: bytes = save({**contiguous, _REMARKS: np.frombuffer(text, np.uint8)})
    return packed


def _plain(value: Any) -> Any:
    """Convert numpy's numbers to JSON's, and anything else to its text."""
    return value.tolist() if isinstance(value, (np.generic, np.ndarray)) else str(value)
