"""Intel RealSense camera: its colour pictures, by serial number."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from real.cameras.camera import CameraError, Frame
from real.cameras.opencv import check_size
from zprl_env.errors import ConfigurationError, MissingExtraError

OLDEST = 1.0
"""Age up to which a time stamp of the device's is believed [s]."""
TIMEOUT = 1000
"""Time within which a picture must come [ms]."""


class RealSenseCamera:
    """The colour pictures of an Intel RealSense.

    Args:
        serial: Serial number, as text; the only camera that is plugged in if None.
        size: Height and width [pixels], of those that it has.
        fps: Pictures per second, of those that it has at this size.
        exposure: Its manual exposure [microseconds]; automatic if None.
        context: The ``pyrealsense2.context`` that it is found in; one of its own if None.

    Raises:
        ConfigurationError: A value is impossible.
        MissingExtraError: pyrealsense2 is not installed.
    """

    noiseless = False

    def __init__(
        self,
        serial: str | None = None,
        *,
        size: tuple[int, int] = (480, 640),
        fps: int = 30,
        exposure: float | None = None,
        context: Any = None,
    ) -> None:
        try:
            import pyrealsense2
        except ModuleNotFoundError:
            raise MissingExtraError("pyrealsense2", "realsense") from None
        self._rs: Any = pyrealsense2
        if serial is not None and not isinstance(serial, str):
            raise ConfigurationError(
                f'serial must be a text, whose zeros count. Got: {serial!r}. Try "{serial}".'
            )
        if type(fps) is not int or fps <= 0:
            raise ConfigurationError(f"fps must be a whole number above 0. Got: {fps!r}.")
        self.serial, self.size = serial, check_size(size) or (480, 640)
        self._fps, self._exposure, self._context = fps, exposure, context
        self._pipeline: Any = None

    @property
    def description(self) -> str:
        """One line on the device."""
        return f"realsense {self.serial or 'the only one'}"

    def connect(self) -> None:
        """Open the device; see `real.cameras.camera.Camera.connect`."""
        self.close()
        rs = self._rs
        context = self._context or rs.context()
        found = [d.get_info(rs.camera_info.serial_number) for d in context.query_devices()]
        serial = self.serial or (found[0] if len(found) == 1 else "")
        if serial not in found:
            raise CameraError(
                f"The RealSense {self.serial or '(the only one)'} must be plugged in. Got: "
                f"{', '.join(found) or 'none'}. Name one by serial, or see to its cable (USB 3)."
            )
        config, (height, width) = rs.config(), self.size
        config.enable_device(serial)
        config.enable_stream(rs.stream.color, width, height, rs.format.rgb8, self._fps)
        pipeline = rs.pipeline(context)
        try:
            profile = pipeline.start(config)
            if self._exposure is not None:
                sensor = profile.get_device().first_color_sensor()
                sensor.set_option(rs.option.enable_auto_exposure, 0)
                sensor.set_option(rs.option.exposure, self._exposure)
        except RuntimeError as error:
            raise CameraError(
                f"The RealSense {serial} must give {height} x {width} pixels, "
                f"{self._fps} times a second. Got: {error}. rs-enumerate-devices tells what it has."
            ) from error
        self._pipeline = pipeline

    def frame(self) -> Frame:
        """Wait for the next picture; see `real.cameras.camera.Camera.frame`."""
        if self._pipeline is None:
            raise CameraError("The RealSense must be open. Got: closed. Connect it.")
        asked = time.monotonic()
        try:
            frames = self._pipeline.wait_for_frames(TIMEOUT)
        except RuntimeError as error:
            raise CameraError(
                f"The {self.description} must give pictures. Got: {error}. Is its cable loose?"
            ) from error
        color = frames.get_color_frame()
        if not color:
            raise CameraError(f"The {self.description} must give colours. Got: none.")
        # The library keeps its own buffers only as long as its frame is held.
        return Frame(np.array(color.get_data()), self._stamp(color, asked))

    def close(self) -> None:
        """Close the device; see `real.cameras.camera.Camera.close`."""
        if self._pipeline is not None:
            pipeline, self._pipeline = self._pipeline, None
            try:
                pipeline.stop()
            except RuntimeError as error:
                raise CameraError(f"The {self.description} must stop. Got: {error}.") from error

    def _stamp(self, color: Any, asked: float) -> float:
        """Return when the picture was captured; when it was asked for if the device says nothing.

        In the domain ``global_time`` or ``system_time`` stamps are of the computer's time of day.
        """
        rs, now = self._rs, time.monotonic()
        if color.get_frame_timestamp_domain() != rs.timestamp_domain.hardware_clock:
            told = now - (time.time() - 1e-3 * color.get_timestamp())
            if now - OLDEST < told <= now:
                return float(told)
        return asked
