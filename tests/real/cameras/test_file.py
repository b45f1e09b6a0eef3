"""A video that OpenCV wrote, and folders of pictures, seen as a camera sees."""

from __future__ import annotations

import time

import numpy as np
import pytest

from real.cameras.camera import CameraError
from real.cameras.file import FileCamera
from zprl_env.errors import ConfigurationError

cv2 = pytest.importorskip("cv2", reason="needs OpenCV")


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """Ten pictures, from red to blue, at 50 Hz."""
    path = tmp_path_factory.mktemp("video") / "ten.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 50, (64, 48))
    for number in range(10):
        bgr = np.full((48, 64, 3), (25 * number, 0, 250 - 25 * number), np.uint8)
        bgr[:10] = 255
        writer.write(bgr)
    writer.release()
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("folder")
    for number in range(3):
        picture = np.full((8, 8, 3), (0, 0, 100 + number), np.uint8)
        cv2.imwrite(str(folder / f"{number:03d}.png"), picture)
    (folder / "notes.txt").write_text("no picture")
    return folder


class Clock:
    """A clock that moves by what is slept alone: a busy machine skips no picture."""

    now = 100.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


def test_a_video_comes_at_its_own_rate_in_red_green_blue(video, monkeypatch):
    clock = Clock()
    monkeypatch.setattr("real.cameras.file.time", clock)
    camera = FileCamera(video)
    camera.connect()
    frames = [camera.frame() for _ in range(5)]
    assert clock.now == pytest.approx(100.08)
    first = frames[0].picture[30, 30].astype(int)
    assert first[0] > 230
    assert first[2] < 30
    assert frames[4].picture[30, 30, 2] > 60
    np.testing.assert_allclose(np.diff([f.stamp for f in frames]), 0.02, atol=1e-6)
    camera.close()


def test_what_nobody_reads_in_time_is_skipped(video):
    camera = FileCamera(video)
    camera.connect()
    camera.frame()
    time.sleep(0.1)
    assert camera.frame().picture[30, 30, 2] > 90
    camera.close()


def test_its_end_is_the_end_of_the_camera_unless_it_begins_anew(video):
    camera = FileCamera(video, fps=500)
    camera.connect()
    with pytest.raises(CameraError, match=r"more pictures. Got: its end. Try loop=true"):
        [camera.frame() for _ in range(11)]
    camera.close()
    again = FileCamera(video, fps=500, loop=True)
    again.connect()
    for _ in range(25):
        assert again.frame().picture.shape == (48, 64, 3)
    again.close()


def test_a_folder_is_its_pictures_in_order(folder):
    camera = FileCamera(folder, fps=200)
    camera.connect()
    assert camera.frame().picture[0, 0].tolist() == [100, 0, 0]
    assert camera.frame().picture[0, 0, 0] > 100
    camera.close()
    one = FileCamera(folder / "002.png", loop=True, fps=200)
    one.connect()
    assert [one.frame().picture[0, 0, 0] for _ in range(3)] == [102] * 3
    one.close()


def test_files_that_are_not_there_or_no_pictures_are_named(folder, tmp_path):
    with pytest.raises(CameraError, match=r"must be there. Got: no .*nothing\.mp4"):
        FileCamera(tmp_path / "nothing.mp4").connect()
    with pytest.raises(CameraError, match=r"must be a video that OpenCV reads"):
        FileCamera(folder / "notes.txt").connect()
    (tmp_path / "broken.png").write_bytes(b"no picture")
    broken = FileCamera(tmp_path / "broken.png")
    broken.connect()
    with pytest.raises(CameraError, match=r"broken\.png must be a picture"):
        broken.frame()
    with pytest.raises(CameraError, match=r"must be open"):
        FileCamera(folder).frame()
    with pytest.raises(ConfigurationError, match=r"fps must be above 0"):
        FileCamera(folder, fps=0)
