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
        device: The ``pyrealsense2.device`` itself; it is searched for by its number if None.

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
        device: Any = None,
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
        self._fps, self._exposure, self._device = fps, exposure, device
        self._sensor: Any = None
        self._queue: Any = None

    @property
    def description(self) -> str:
        """One line on the device."""
        return f"realsense {self.serial or 'the only one'}"

    def connect(self) -> None:
        """Open the device; see `real.cameras.camera.Camera.connect`."""
        self.close()
        rs = self._rs
        sensor, profile = self._find(self._device or self._search())
        queue = rs.frame_queue(1)  # of more, the older ones are lost
        try:
            if self._exposure is not None:
                sensor.set_option(rs.option.enable_auto_exposure, 0)
                sensor.set_option(rs.option.exposure, self._exposure)
            sensor.open(profile)
            sensor.start(queue)
        except RuntimeError as error:
            raise CameraError(
                f"The {self.description} must begin to give pictures. Got: {error}. Does another "
                "program hold it?"
            ) from error
        self._sensor, self._queue = sensor, queue

    def frame(self) -> Frame:
        """Wait for the next picture; see `real.cameras.camera.Camera.frame`."""
        if self._sensor is None:
            raise CameraError("The RealSense must be open. Got: closed. Connect it.")
        asked = time.monotonic()
        try:
            color = self._queue.wait_for_frame(TIMEOUT).as_video_frame()
        except RuntimeError as error:
            raise CameraError(
                f"The {self.description} must give pictures. Got: {error}. Is its cable loose?"
            ) from error
        # The library keeps its own buffers only as long as its frame is held.
        return Frame(np.array(color.get_data()), self._stamp(color, asked))

    def close(self) -> None:
        """Close the device; see `real.cameras.camera.Camera.close`."""
        if self._sensor is None:
            return
        sensor, self._sensor = self._sensor, None
        try:
            sensor.stop()
            sensor.close()
        except RuntimeError as error:
            raise CameraError(f"The {self.description} must stop. Got: {error}.") from error

    def _search(self) -> Any:
        """Search for the device among those that are plugged in."""
        rs = self._rs
        devices = {
            d.get_info(rs.camera_info.serial_number): d for d in rs.context().query_devices()
        }
        serial = self.serial or (next(iter(devices)) if len(devices) == 1 else "")
        if serial not in devices:
            raise CameraError(
                f"The RealSense {self.serial or '(the only one)'} must be plugged in. Got: "
                f"{', '.join(devices) or 'none'}. Name one by serial, or see to its cable (USB 3)."
            )
        return devices[serial]

    def _find(self, device: Any) -> tuple[Any, Any]:
        """Find the sensor and its profile that were asked for."""
        rs, has = self._rs, []
        for sensor in device.query_sensors():
            for profile in sensor.get_stream_profiles():
                if profile.stream_type() != rs.stream.color or profile.format() != rs.format.rgb8:
                    continue
                video = profile.as_video_stream_profile()
                what = (video.height(), video.width(), video.fps())
                if what == (*self.size, self._fps):
                    return sensor, profile
                has.append(what)
        told = ", ".join(f"{h} x {w} at {fps}" for h, w, fps in sorted(set(has), reverse=True)[:12])
        raise CameraError(
            f"The {self.description} must give {self.size[0]} x {self.size[1]} pixels in colour, "
            f"{self._fps} times a second. Got: {told or 'no colours at all'}."
        )

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
