"""OpenCV camera: USB cameras and streams, by number, path or address."""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np

from real.cameras.camera import CameraError, Frame
from zprl_env.errors import ConfigurationError, MissingExtraError

OLDEST = 1.0
"""Age up to which a time stamp of the driver's is believed [s]."""


def import_cv2() -> Any:
    """Import OpenCV.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        import cv2
    except ImportError as error:  # a library that it needs may be missing, too
        if isinstance(error, ModuleNotFoundError) and error.name == "cv2":
            raise MissingExtraError("cv2", "cameras") from None
        raise ConfigurationError(
            f"OpenCV must be usable. Got: {error}. Try opencv-python-headless, which needs no "
            "libraries of a screen."
        ) from error
    return cv2


class OpenCVCamera:
    """A camera that OpenCV opens: a USB camera, or a stream over the network.

    Args:
        device: Its number, its path such as ``/dev/v4l/by-id/...``, which stays the same after
            another one was plugged in, or the address of a stream.
        size: Height and width to ask it for [pixels]; its own if None.
        fps: Pictures per second to ask it for; its own if None.
        fourcc: Four letters of how it sends them, such as MJPG, which most USB cameras need for
            30 pictures of 640 x 480; its own if None.
        exposure: Its manual exposure, in its own units; automatic if None.

    Raises:
        ConfigurationError: A value is impossible.
    """

    noiseless = False

    def __init__(
        self,
        device: int | str = 0,
        *,
        size: tuple[int, int] | None = None,
        fps: float | None = None,
        fourcc: str | None = None,
        exposure: float | None = None,
    ) -> None:
        self.device = int(device) if isinstance(device, str) and device.isdecimal() else device
        self.size = check_size(size)
        self._fps, self._exposure = fps, exposure
        if fps is not None and not fps > 0:
            raise ConfigurationError(f"fps must be above 0. Got: {fps!r}.")
        if fourcc is not None and len(fourcc) != 4:
            raise ConfigurationError(f"fourcc must be four letters. Got: {fourcc!r}. Try MJPG.")
        self._fourcc = fourcc
        self._cv2: Any = None
        self._capture: Any = None

    @property
    def description(self) -> str:
        """One line on the device."""
        return f"opencv {self.device}"

    def connect(self) -> None:
        """Open the device; see `real.cameras.camera.Camera.connect`."""
        self.close()
        self._cv2 = cv2 = import_cv2()
        local = isinstance(self.device, int) or str(self.device).startswith("/dev/")
        backend = cv2.CAP_V4L2 if local and sys.platform == "linux" else cv2.CAP_ANY
        capture = cv2.VideoCapture(self.device, backend)
        if not capture.isOpened():
            capture.release()
            raise CameraError(
                f"OpenCV must be able to open the device {self.device}. Got: nothing. Is it "
                "plugged in, does another program hold it, may you read /dev/video*?"
            )
        self._capture = capture
        if self._fourcc is not None:
            capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter_fourcc(*self._fourcc))
        if self.size is not None:
            capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self.size[0])
            capture.set(cv2.CAP_PROP_FRAME_WIDTH, self.size[1])
        if self._fps is not None:
            capture.set(cv2.CAP_PROP_FPS, self._fps)
        if self._exposure is not None:
            capture.set(cv2.CAP_PROP_AUTO_EXPOSURE, 1)  # V4L2's word for manual
            capture.set(cv2.CAP_PROP_EXPOSURE, self._exposure)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)

    def frame(self) -> Frame:
        """Wait for the next picture; see `real.cameras.camera.Camera.frame`."""
        if self._capture is None:
            raise CameraError(f"The device {self.device} must be open. Got: closed. Connect it.")
        asked = time.monotonic()
        done, picture = self._capture.read()
        if not done or picture is None:
            raise CameraError(
                f"The device {self.device} must give pictures. Got: none any more. Is its cable "
                "loose, or its bus full? Try fewer pixels, or fourcc=MJPG."
            )
        if self.size is not None and picture.shape[:2] != self.size:
            raise CameraError(
                f"The device {self.device} must give {self.size[0]} x {self.size[1]} pixels. "
                f"Got: {picture.shape[0]} x {picture.shape[1]}. Try a size that it has, or leave "
                "size out and give a crop."
            )
        return Frame(to_rgb(self._cv2, picture), self._stamp(asked))

    def close(self) -> None:
        """Close the device; see `real.cameras.camera.Camera.close`."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    def _stamp(self, asked: float) -> float:
        """Return the driver's time of capture if it is one, else when the picture was asked for."""
        told = 1e-3 * self._capture.get(self._cv2.CAP_PROP_POS_MSEC)  # of V4L2: monotonic
        now = time.monotonic()
        return told if now - OLDEST < told <= now else asked


def to_rgb(cv2: Any, picture: np.ndarray) -> np.ndarray:
    """Return OpenCV's picture, blue first or grey, as red, green and blue."""
    if picture.ndim == 2:
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB))
    if picture.shape[2] == 4:
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGRA2RGB))
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))


def check_size(size: object) -> tuple[int, int] | None:
    """Return a height and a width as a pair of integers.

    Raises:
        ConfigurationError: They are none.
    """
    if size is None:
        return None
    pair: Any = size
    fits = isinstance(size, list | tuple) and len(size) == 2
    if not fits or not all(type(side) is int and side > 0 for side in pair):
        raise ConfigurationError(
            f"size must be height and width in pixels. Got: {size!r}. Try [480, 640]."
        )
    return pair[0], pair[1]
