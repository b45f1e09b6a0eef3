"""Driver camera: one of a robot driver's own, simulated ones included, read beside the control."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from real.cameras.camera import CameraError, Frame

Take = Callable[[Sequence[str]], Mapping[str, np.ndarray]]
"""Takes a picture with each camera that is named."""


class DriverCamera:
    """One of the cameras that a robot's driver has.

    It is asked for a picture at its rate, at most; those of one driver one after the other.

    Args:
        name: The camera's name, as the driver has it.
        take: What takes pictures.
        lock: What those of one driver share.
        rate: Most pictures per second.
        noiseless: Whether two pictures of a scene at rest are equal, as in a simulation.
    """

    def __init__(
        self,
        name: str,
        take: Take,
        lock: threading.Lock | None = None,
        *,
        rate: float = 30.0,
        noiseless: bool = False,
    ) -> None:
        self.name, self.noiseless = name, noiseless
        self._take, self._lock = take, lock or threading.Lock()
        self._period, self._due = 1.0 / rate, 0.0

    @property
    def description(self) -> str:
        """One line on the device."""
        return "the driver's"

    def connect(self) -> None:
        """Do nothing: it is there as the robot is."""
        self._due = time.monotonic()

    def frame(self) -> Frame:
        """Take a picture when it is due; see `real.cameras.camera.Camera.frame`."""
        time.sleep(max(0.0, self._due - time.monotonic()))
        with self._lock:
            # Not before the lock is there: the others' pictures may have taken their time.
            asked = time.monotonic()
            self._due = asked + self._period
            taken = self._take([self.name])
        if self.name not in taken:
            raise CameraError(
                f"The driver must give a picture of {self.name}. Got: {', '.join(taken) or 'none'}."
            )
        return Frame(taken[self.name], asked)

    def close(self) -> None:
        """Do nothing: the driver closes it."""
