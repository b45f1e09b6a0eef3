"""A RealSense, stood in for by the library's own software device."""

from __future__ import annotations

import time

import numpy as np
import pytest

from real.cameras.camera import CameraError
from real.cameras.realsense import RealSenseCamera
from zprl_env.errors import ConfigurationError

rs = pytest.importorskip("pyrealsense2", reason="needs Intel's library")
RED = np.zeros((48, 64, 3), np.uint8)
RED[..., 0] = 200


class Software:
    """A device of the library without a camera: what it is given, it gives."""

    def __init__(self):
        self.device = rs.software_device()
        self.sensor = self.device.add_sensor("color")
        intrinsics = rs.intrinsics()
        intrinsics.width, intrinsics.height = 64, 48
        intrinsics.model, intrinsics.coeffs = rs.distortion.none, [0.0] * 5
        stream = rs.video_stream()
        stream.type, stream.fmt, stream.uid = rs.stream.color, rs.format.rgb8, 1
        stream.width, stream.height, stream.fps, stream.bpp = 64, 48, 30, 3
        stream.intrinsics = intrinsics
        self.profile = self.sensor.add_video_stream(stream)
        self.number = 0

    def show(self, picture, age=0.0):
        self.number += 1
        frame = rs.software_video_frame()
        frame.pixels, frame.bpp, frame.stride = picture, 3, 3 * 64
        frame.timestamp = 1e3 * (time.time() - age)
        frame.domain = rs.timestamp_domain.system_time
        frame.frame_number = self.number
        frame.profile = self.profile.as_video_stream_profile()
        self.sensor.on_video_frame(frame)


@pytest.fixture
def software():
    return Software()


def test_its_pictures_are_red_green_blue_with_the_time_of_their_capture(software):
    camera = RealSenseCamera(size=(48, 64), device=software.device)
    camera.connect()
    software.show(RED, age=0.2)
    frame = camera.frame()
    np.testing.assert_array_equal(frame.picture, RED)
    assert time.monotonic() - frame.stamp == pytest.approx(0.2, abs=0.1)
    software.show(255 - RED)
    software.show(RED // 2)
    time.sleep(0.05)
    np.testing.assert_array_equal(camera.frame().picture, RED // 2)  # the newest
    camera.close()
    camera.close()
    with pytest.raises(CameraError, match=r"must be open"):
        camera.frame()


def test_a_picture_that_does_not_come_is_an_error_in_time(software, monkeypatch):
    monkeypatch.setattr("real.cameras.realsense.TIMEOUT", 50)
    camera = RealSenseCamera(size=(48, 64), device=software.device)
    camera.connect()
    with pytest.raises(CameraError, match=r"must give pictures. Got:"):
        camera.frame()
    camera.close()


def test_a_size_that_it_does_not_have_is_named_beside_those_it_has(software):
    camera = RealSenseCamera(size=(480, 640), device=software.device)
    with pytest.raises(CameraError, match=r"480 x 640 .* Got: 48 x 64 at 30"):
        camera.connect()


def test_one_that_is_not_plugged_in_is_named():
    with pytest.raises(CameraError, match=r"RealSense 0815 must be plugged in. Got: none"):
        RealSenseCamera("0815").connect()


def test_a_serial_number_without_its_zeros_is_refused():
    with pytest.raises(ConfigurationError, match=r'serial must be a text, .* Try "815"'):
        RealSenseCamera(815)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match=r"fps must be a whole number"):
        RealSenseCamera(fps=0)
