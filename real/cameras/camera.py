"""The camera interface that every class of camera implements: connect, newest frame, close."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from policies.pictures.frames import shows_nothing
from real.robot import RobotError


class CameraError(RobotError):
    """A camera is not there, gives no pictures, or none that can be used."""


@dataclass(frozen=True)
class Frame:
    """One picture of a camera, and when it was taken.

    Attributes:
        picture: Rows from above, columns from the left, red, green and blue. Shape ``(H, W, 3)``,
            uint8. Nobody writes to it any more.
        stamp: When it was captured, by ``time.monotonic()`` [s]; where the device does not say, the
            latest time at which it cannot have been older, such as when it was asked.
    """

    picture: np.ndarray
    stamp: float


class Camera(Protocol):
    """Interface of a camera: about fifty lines that connect one device, or one file.

    All three are called by one thread, which nothing else waits for, so each may block. Every
    failure is a `CameraError` that says what to do about it; whatever else is raised stops the arms
    just so. A class may have an attribute ``noiseless``, which is True where two pictures of a
    scene at rest are equal to the byte, as a simulated camera's are and a sensor's never; and
    ``description``, one line on the device.
    """

    def connect(self) -> None:
        """Open the device; after :meth:`close` it may be opened again.

        Raises:
            CameraError: It is not there.
        """
        ...

    def frame(self) -> Frame:
        """Wait for the next picture, and return the newest.

        Raises:
            CameraError: None came, within a second or so.
        """
        ...

    def close(self) -> None:
        """Close the device; a second call does nothing."""
        ...


def check_picture(name: str, picture: object, size: tuple[int, int] | None = None) -> np.ndarray:
    """Return a camera's picture if it is one.

    Args:
        name: The camera's.
        picture: What it gave.
        size: Height and width that it must have [pixels]; any if None.

    Raises:
        CameraError: It has another shape or type; both sides are named, and what to do.

    >>> check_picture("front", np.zeros((3, 48, 64), np.uint8))
    Traceback (most recent call last):
    real.cameras.camera.CameraError: The camera front must give pictures of shape (H, W, 3), ...
    """
    array = np.asarray(picture)
    shape = array.shape
    wide = "H, W" if size is None else f"{size[0]}, {size[1]}"
    must = f"The camera {name} must give pictures of shape ({wide}, 3), uint8. Got: {shape}, "
    must += f"{array.dtype}"
    if len(shape) != 3 or shape[2] != 3:
        if len(shape) == 3 and shape[0] == 3:
            raise CameraError(f"{must}, channels first. Move them last: numpy.moveaxis(it, 0, -1).")
        alpha = len(shape) == 3 and shape[2] == 4
        grey = len(shape) == 2 or (len(shape) == 3 and shape[2] == 1)
        kind = "with an alpha channel" if alpha else "grey or depth" if grey else "no picture"
        raise CameraError(f"{must}, {kind}. Convert it to red, green and blue.")
    if array.dtype != np.uint8:
        raise CameraError(f"{must}. Convert it to 0 to 255.")
    if 0 in shape or (size is not None and shape[:2] != size):
        raise CameraError(f"{must}. Set image_size to the camera's own.")
    return array


class PictureWatch:
    """Watches one camera's pictures: black ones, and the same one again and again.

    Args:
        name: The camera's.

    Attributes:
        black: Pictures in a row, up to the last, that show nothing.
        same: Pictures in a row, up to the last, that are equal to the one before to the byte.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.black = self.same = 0
        self._last: np.ndarray | None = None

    def see(self, picture: np.ndarray) -> bool:
        """Look at the next picture, and tell whether it shows anything.

        Args:
            picture: Shape ``(H, W, 3)``, uint8; it is kept, so nobody may write to it.
        """
        last, self._last = self._last, picture
        shown = not shows_nothing(picture)
        self.black = 0 if shown else self.black + 1
        equal = shown and last is not None and np.array_equal(last, picture)
        self.same = self.same + 1 if equal else 0
        return shown

    def rest(self) -> None:
        """Forget equal pictures: nothing moves, and this camera has no noise."""
        self.same = 0

    def fault(self, most_same: int) -> str | None:
        """Describe a camera that stands still; None if it does not.

        Args:
            most_same: Equal pictures in a row that are believed.
        """
        if self.same < most_same:
            return None
        return (
            f"the camera {self.name} must not be frozen; got the same picture {self.same + 1} "
            "times in a row"
        )
