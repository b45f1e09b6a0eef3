"""A rig reads all cameras at once."""

from __future__ import annotations

import threading
import time

import pytest

from real.cameras.camera import CameraError
from real.cameras.reader import CameraReader
from real.cameras.rig import CameraRig
from tests.helpers.robots.filming import FakeDevice
from zprl_env.errors import UnknownNameError


@pytest.fixture
def devices():
    return {"front": FakeDevice(), "wrist": FakeDevice(0.12)}


@pytest.fixture
def rig(devices):
    readers = {name: CameraReader(name, device, patience=1.0) for name, device in devices.items()}
    rig = CameraRig(readers)
    yield rig
    rig.close()


def test_nothing_waits_for_the_slow_one(rig):
    assert rig.fault() is None
    rig.connect()
    began = time.monotonic()
    for _ in range(100):
        assert [*rig.pictures(["wrist", "front"])] == ["wrist", "front"]
        assert rig.fault() is None
    assert time.monotonic() - began < 0.05
    ages = rig.ages()
    assert ages["front"] < 0.1 < ages["wrist"] + 0.1 < 0.5


def test_what_is_given_away_may_be_written_to(rig):
    rig.connect()
    given = rig.pictures(["front"])["front"]
    given[:] = 0
    assert rig.pictures(["front"])["front"].max() > 0
    assert rig.whole(["front"])["front"].shape == (24, 32, 3)


def test_the_first_fault_stands_for_all(rig, devices):
    rig.connect()
    devices["wrist"].broken = OSError("the cable is out")
    time.sleep(0.3)
    assert rig.fault() == "the camera wrist failed: OSError: the cable is out"


def test_a_camera_that_is_not_there_is_told_when_it_is_connected(rig, devices):
    devices["front"].broken = CameraError("The device 3 must be there.")
    with pytest.raises(CameraError, match=r"front failed: The device 3 must be there"):
        rig.connect()


def test_unknown_ones_and_those_without_a_picture_are_named(rig):
    with pytest.raises(UnknownNameError, match=r"unknown camera 'frnt'; did you mean 'front'"):
        rig.pictures(["frnt"])
    with pytest.raises(CameraError, match=r"front must have given a picture. Got: none yet"):
        rig.pictures(["front"])


def test_closing_leaves_no_thread(rig):
    rig.connect()
    rig.close()
    rig.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("camera")]
