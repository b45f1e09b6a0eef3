"""OpenCV's devices, of which a written video stands for one."""

from __future__ import annotations

import sys
import time

import numpy as np
import pytest

from real.cameras.camera import CameraError
from real.cameras.opencv import OpenCVCamera, to_rgb
from zprl_env.errors import ConfigurationError, MissingExtraError

cv2 = pytest.importorskip("cv2", reason="needs OpenCV")


@pytest.fixture(scope="module")
def stream(tmp_path_factory):
    path = tmp_path_factory.mktemp("stream") / "stream.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 30, (64, 48))
    for _ in range(3):
        writer.write(np.full((48, 64, 3), (0, 0, 250), np.uint8))
    writer.release()
    return str(path)


def test_a_stream_is_read_in_red_green_blue_and_its_end_is_an_error(stream):
    camera = OpenCVCamera(stream)
    camera.connect()
    asked = time.monotonic()
    frame = camera.frame()
    assert frame.picture.shape == (48, 64, 3)
    assert frame.picture[20, 20, 0] > 230
    assert frame.picture[20, 20, 2] < 20
    assert asked <= frame.stamp <= time.monotonic()
    camera.frame(), camera.frame()
    with pytest.raises(CameraError, match=r"must give pictures. Got: none any more"):
        camera.frame()
    camera.close()
    camera.close()
    with pytest.raises(CameraError, match=r"must be open. Got: closed"):
        camera.frame()


def test_another_size_than_was_asked_for_is_refused(stream):
    camera = OpenCVCamera(stream, size=(480, 640))
    camera.connect()
    with pytest.raises(CameraError, match=r"must give 480 x 640 pixels. Got: 48 x 64"):
        camera.frame()
    camera.close()


@pytest.mark.filterwarnings("ignore")
def test_a_device_that_is_not_there_is_named(capfd):
    with pytest.raises(CameraError, match=r"open the device 97. Got: nothing. Is it plugged in"):
        OpenCVCamera("97").connect()
    capfd.readouterr()  # OpenCV says so, too


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"size": 640}, "size must be height and width"),
        ({"size": (0, 640)}, "size must be height and width"),
        ({"fps": 0}, "fps must be above 0"),
        ({"fourcc": "MJPEG"}, "fourcc must be four letters"),
    ],
)
def test_impossible_settings_are_refused(settings, told):
    with pytest.raises(ConfigurationError, match=told):
        OpenCVCamera(0, **settings)


def test_grey_and_transparent_pictures_become_colours():
    assert to_rgb(cv2, np.zeros((4, 4), np.uint8)).shape == (4, 4, 3)
    bgra = np.full((4, 4, 4), (1, 2, 3, 255), np.uint8)
    assert to_rgb(cv2, bgra)[0, 0].tolist() == [3, 2, 1]


def test_without_opencv_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingExtraError, match=r'pip install "zprl-env\[cameras\]"'):
        OpenCVCamera(0).connect()
