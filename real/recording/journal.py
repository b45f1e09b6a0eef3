"""A crash-safe, append-only journal: records with length and checksum survive a kill and damage."""

from __future__ import annotations

import json
import os
import struct
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

MAGIC = b"zprl journal 1\n"
_HEAD = struct.Struct("<II")
_SAFETENSORS = struct.Struct("<Q")
"""What safetensors begins with: the length of the JSON that follows."""
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


@dataclass(frozen=True)
class Damage:
    """A part of a journal that holds no whole record, with whole ones or the end behind it.

    Attributes:
        offset: Where it begins in the file.
        size: Its length in bytes.
        torn: Whether it is the record that was being written when the process ended.
    """

    offset: int
    size: int
    torn: bool = False


def read(path: Path) -> Iterator[Record]:
    """Read the records of a journal that are whole, those behind a damaged one as well.

    Args:
        path: The file.

    Yields:
        The records, in order.
    """
    return (found for found in scan(path) if isinstance(found, Record))


def scan(path: Path) -> Iterator[Record | Damage]:
    """Read a journal's records, and the damage between them.

    A record that does not fit its checksum is passed over by its length; where that is damaged, the
    next whole record is searched for.

    Args:
        path: The file.

    Yields:
        Records and damage, in order; nothing is passed over without a word.
    """
    size = path.stat().st_size
    if size == 0:
        return
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        position = len(MAGIC)
        if data[:position] != MAGIC:
            start = _next_record(data, 0)
            position = size if start is None else start
            yield Damage(0, position, torn=MAGIC.startswith(data[:size]))
        while position < size:
            record, after = _record_at(data, position)
            if record is None:
                skipped = after if _record_at(data, after)[0] else _next_record(data, position + 1)
                after = size if skipped is None else skipped
                torn = skipped is None and _is_torn(data, position)
                yield Damage(position, after - position, torn)
            else:
                yield record
            position = after


def _record_at(data: mmap, position: int) -> tuple[Record | None, int]:
    """Return the record that begins here, None if none does, and where the next one would."""
    if position + _HEAD.size > len(data):
        return None, len(data)
    length, checksum = _HEAD.unpack_from(data, position)
    begin, end = position + _HEAD.size, position + _HEAD.size + length
    if end > len(data):
        return None, len(data)
    payload = data[begin:end]
    if zlib.crc32(payload) != checksum:
        return None, end
    try:
        arrays = load(payload)
        remarks = json.loads(arrays.pop(_REMARKS).tobytes())
    except (SafetensorError, KeyError, ValueError, RecursionError):
        return None, end
    return (Record(remarks, arrays), end) if isinstance(remarks, dict) else (None, end)


def _next_record(data: mmap, position: int) -> int | None:
    """Search for the next whole record by the JSON that each begins with."""
    ahead = _HEAD.size + _SAFETENSORS.size
    found = data.find(b'{"', position + ahead)
    while found >= 0:
        start = found - ahead
        length, _ = _HEAD.unpack_from(data, start)
        (header,) = _SAFETENSORS.unpack_from(data, start + _HEAD.size)
        fits = _SAFETENSORS.size + header <= length <= len(data) - start - _HEAD.size
        if fits and _record_at(data, start)[0] is not None:
            return start
        found = data.find(b'{"', found + 1)
    return None


def _is_torn(data: mmap, position: int) -> bool:
    """Tell a last record whose end was never written, or only as zeros, from a damaged one."""
    rest = len(data) - position
    if rest < _HEAD.size or position + _HEAD.size + _HEAD.unpack_from(data, position)[0] > len(
        data
    ):
        return True
    return not any(data[position : position + 4096]) or not any(data[-_HEAD.size * 64 :])


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
