"""A driver's own cameras, read beside the control."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from real.cameras.camera import CameraError
from real.cameras.driver import DriverCamera
from real.cameras.reader import CameraReader


def test_it_is_asked_at_its_rate_one_camera_after_the_other():
    asked, at_once = [], []
    inside = threading.Lock()

    def take(names):
        at_once.append(inside.acquire(blocking=False))
        asked.append((time.monotonic(), *names))
        time.sleep(0.004)
        inside.release()
        return {name: np.eye(8, dtype=np.uint8)[..., None].repeat(3, 2) * 255 for name in names}

    lock = threading.Lock()
    readers = [
        CameraReader(name, DriverCamera(name, take, lock, rate=50, noiseless=True))
        for name in ("front", "wrist")
    ]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.wait()
    time.sleep(0.2)
    for reader in readers:
        reader.close()
    assert all(at_once)
    for name in ("front", "wrist"):
        stamps = [stamp for stamp, who in asked if who == name]
        assert 4 <= len(stamps) <= 14
        assert min(np.diff(stamps)) > 0.015


def test_a_driver_that_gives_another_camera_is_told_so():
    camera = DriverCamera("front", lambda names: {"wrist": np.zeros((8, 8, 3), np.uint8)})
    camera.connect()
    with pytest.raises(CameraError, match=r"must give a picture of front. Got: wrist"):
        camera.frame()
    camera.close()
    assert camera.description == "the driver's"
