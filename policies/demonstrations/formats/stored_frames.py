"""Frames that stay on the disk: a dataset of an HDF5 file, opened when they are asked for."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import h5py
import numpy as np

from policies.demonstrations.formats import hdf5
from policies.demonstrations.formats.source import damage_told
from policies.errors import DemonstrationError

MOST_OPEN = 8
"""Files that are held open at once."""
_lock = threading.RLock()
_open: dict[str, h5py.File] = {}
_holders = 0
_owner = os.getpid()


@contextmanager
def files_held_open() -> Iterator[None]:
    """Keep files open within a block that reads many frames; else each reading opens its own.

    A file that is held open can be written by nobody.
    """
    global _holders
    with _lock:
        _holders += 1
    try:
        yield
    finally:
        with _lock:
            _holders -= 1
            if not _holders:
                _close_all()


class StoredFrames:
    """Frames of one camera in one episode, read in slices; none is kept in memory.

    Args:
        path: HDF5 file.
        where: The dataset in it.
        shape: ``(T, H, W, 3)``.
        dtype: uint8.
    """

    def __init__(self, path: str, where: str, shape: tuple[int, ...], dtype: np.dtype) -> None:
        self.path, self.where, self.shape, self.dtype = path, where, shape, dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> np.ndarray:
        """Read frames.

        Raises:
            DemonstrationError: The file is gone, damaged or another one.
        """
        with damage_told(self.path, "complete and undamaged"), _lock, _file(self.path) as file:
            dataset = file[self.where]
            if not isinstance(dataset, h5py.Dataset) or dataset.shape != self.shape:
                raise DemonstrationError(
                    f"{self.where} of {self.path} must have the shape {self.shape}, as when it was "
                    "opened. Somebody changed the file; begin again."
                )
            return np.asarray(dataset[rows])


@contextmanager
def _file(path: str) -> Iterator[h5py.File]:
    """Open a file, or find it open; a process that was forked opens its own."""
    global _owner
    if os.getpid() != _owner:
        _open.clear()
        _owner = os.getpid()
    if path not in _open:
        while len(_open) >= MOST_OPEN:
            _open.pop(next(iter(_open))).close()
        with hdf5.open_hdf5(path):  # says what is wrong with it
            pass
        _open[path] = h5py.File(path, "r")
    try:
        yield _open[path]
    finally:
        if not _holders:
            _close_all()


def _close_all() -> None:
    while _open:
        _open.popitem()[1].close()
