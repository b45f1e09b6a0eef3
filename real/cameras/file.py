"""File camera: a video, or a folder of pictures, played as a camera would see it."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from real.cameras.camera import CameraError, Frame
from real.cameras.opencv import import_cv2, to_rgb
from zprl_env.errors import ConfigurationError

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff")
"""Endings of files that are one picture."""


class FileCamera:
    """A video file, a picture or a folder of pictures, in the order of their names.

    They come at their own rate by the computer's clock; what nobody reads in time is skipped, as
    with any camera.

    Args:
        path: The video, the picture or the folder.
        fps: Pictures per second; the video's own, or 30, if None.
        loop: Whether it begins anew at its end; otherwise that is the end of the camera.

    Raises:
        ConfigurationError: A value is impossible.
    """

    noiseless = False

    def __init__(
        self, path: str | PathLike[str], *, fps: float | None = None, loop: bool = False
    ) -> None:
        self.path = Path(path)
        if fps is not None and not (math.isfinite(fps) and fps > 0):
            raise ConfigurationError(f"fps must be above 0. Got: {fps!r}.")
        self._fps, self._loop = fps, loop
        self._rate = fps or 30.0
        self._pictures: Iterator[np.ndarray | None] = iter(())
        self._capture: Any = None
        self._open = False
        self._began, self._number = 0.0, 0

    @property
    def description(self) -> str:
        """One line on the file."""
        return f"file {self.path.name}"

    def connect(self) -> None:
        """Open the file; see `real.cameras.camera.Camera.connect`."""
        self.close()
        if not self.path.exists():
            raise CameraError(f"The camera's file must be there. Got: no {self.path}.")
        self._open, self._number = True, -1
        self._pictures = self._opened()
        self._began = time.monotonic()

    def frame(self) -> Frame:
        """Wait for the next picture; see `real.cameras.camera.Camera.frame`."""
        if not self._open:
            raise CameraError(f"{self.path} must be open. Got: closed. Connect it.")
        due = int((time.monotonic() - self._began) * self._rate)
        skipped = max(0, due - self._number - 1)
        self._number += 1 + skipped
        left = self._began + self._number / self._rate - time.monotonic()
        time.sleep(max(0.0, left))
        picture = self._next(skipped)
        return Frame(picture, min(time.monotonic(), self._began + self._number / self._rate))

    def close(self) -> None:
        """Close the file; see `real.cameras.camera.Camera.close`."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None
        self._open = False

    def _next(self, skipped: int) -> np.ndarray:
        """Return the picture behind those that are skipped; from the beginning again if need be."""
        fresh = False
        while True:
            picture = next(self._pictures, None)
            if picture is None:
                if fresh or not self._loop:
                    raise CameraError(
                        f"{self.path} must have more pictures. Got: its end. Try loop=true."
                    )
                self._pictures, fresh = self._opened(), True
                continue
            fresh = False
            if skipped == 0:
                return picture
            skipped -= 1

    def _opened(self) -> Iterator[np.ndarray | None]:
        """Open the file at its beginning."""
        cv2 = import_cv2()
        if self.path.is_dir() or self.path.suffix.lower() in PICTURES:
            files = [self.path]
            if self.path.is_dir():
                files = sorted(f for f in self.path.iterdir() if f.suffix.lower() in PICTURES)
            return (_read(cv2, file) for file in files)
        if self._capture is not None:
            self._capture.release()
        self._capture = cv2.VideoCapture(str(self.path))
        if not self._capture.isOpened():
            raise CameraError(
                f"{self.path} must be a video that OpenCV reads, or a folder of pictures "
                f"({', '.join(PICTURES)}). Got: neither."
            )
        told = self._capture.get(cv2.CAP_PROP_FPS)
        if self._fps is None and math.isfinite(told) and 0 < told < 1000:
            self._rate = told
        return self._video(cv2)

    def _video(self, cv2: Any) -> Iterator[np.ndarray | None]:
        while True:
            done, picture = self._capture.read()
            yield to_rgb(cv2, picture) if done else None


def _read(cv2: Any, file: Path) -> np.ndarray:
    picture = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if picture is None:
        raise CameraError(f"{file} must be a picture. Got: something else.")
    return to_rgb(cv2, picture)
