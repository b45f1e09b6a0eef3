"""Rig of a robot's cameras: all are read at once, and one fault stands for all."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

import numpy as np

from real.cameras.camera import CameraError, Frame
from real.cameras.reader import CameraReader
from zprl_env.errors import UnknownNameError


class CameraRig:
    """A robot's cameras by name, each read by a thread of its own.

    Args:
        readers: The cameras.
        max_age: Age at which a picture is stale [s].
        most_same: Equal pictures in a row that are believed.

    Attributes:
        readers: The same.
    """

    def __init__(
        self, readers: Mapping[str, CameraReader], max_age: float = 0.5, most_same: int = 10
    ) -> None:
        self.readers = dict(readers)
        self._max_age, self._most_same = max_age, most_same
        self._started = False

    def connect(self) -> None:
        """Open all cameras at once, and wait for a picture of each that is new.

        Raises:
            CameraError: One gives none; the reason is told.
        """
        for reader in self.readers.values():
            reader.start()
        self._started = True
        for reader in self.readers.values():
            reader.wait()

    def fault(self, moving: bool = True) -> str | None:
        """Describe what is wrong with a camera; None if nothing is, or none is open yet.

        Args:
            moving: Whether the arms move.
        """
        if not self._started:
            return None
        now = time.monotonic()
        found = (
            reader.fault(self._max_age, self._most_same, moving, now)
            for reader in self.readers.values()
        )
        return next(filter(None, found), None)

    def pictures(self, names: Sequence[str]) -> dict[str, np.ndarray]:
        """Return a copy of the newest picture of cameras, at once.

        Raises:
            CameraError: There is none yet.
            UnknownNameError: There is no such camera.
        """
        return {name: self._newest(name).picture.copy() for name in names}

    def whole(self, names: Sequence[str]) -> dict[str, np.ndarray]:
        """Return the newest picture of cameras as they gave it, at once."""
        self.pictures(names)
        return {name: np.asarray(self.readers[name].whole) for name in names}

    def ages(self) -> dict[str, float]:
        """Return the age of each camera's newest picture [s]."""
        now = time.monotonic()
        newest = {name: reader.newest for name, reader in self.readers.items()}
        return {name: now - frame.stamp for name, frame in newest.items() if frame is not None}

    def close(self) -> None:
        """Close all cameras and wait for their threads; a second call does nothing."""
        self._started = False
        with ExitStack() as stack:
            for reader in self.readers.values():
                reader.end()
                stack.callback(reader.close)

    def _newest(self, name: str) -> Frame:
        if name not in self.readers:
            raise UnknownNameError("camera", name, self.readers)
        frame = self.readers[name].newest
        if frame is None:
            raise CameraError(f"The camera {name} must have given a picture. Got: none yet.")
        return frame
