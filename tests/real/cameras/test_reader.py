"""A reader keeps the newest picture of a camera, and knows what is wrong with it."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from real.cameras.camera import CameraError, Frame
from real.cameras.fitting import Fitting
from real.cameras.reader import CameraReader, CameraWarning
from tests.helpers.robots.filming import FakeDevice


@pytest.fixture
def device():
    return FakeDevice()


@pytest.fixture
def reader(device):
    reader = CameraReader("front", device, patience=2.0)
    reader.start()
    reader.wait()
    yield reader
    device.stuck.clear()
    reader.close()


def until(true, patience=2.0):
    end = time.monotonic() + patience
    while not true():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.002)


def threads():
    return [t.name for t in threading.enumerate() if t.name.startswith("camera")]


def test_the_newest_picture_is_of_now(reader):
    asked = time.monotonic()
    frame = reader.wait()
    assert frame.stamp >= asked
    assert reader.fault(0.5) is None
    first = reader.count
    until(lambda: reader.count > first + 3)
    assert reader.newest.stamp > frame.stamp


def test_it_is_fitted_by_the_thread_and_kept_whole_as_well(device):
    reader = CameraReader("front", device, Fitting((12, 12)))
    reader.start()
    assert reader.wait().picture.shape == (12, 12, 3)
    assert np.asarray(reader.whole).shape == (24, 32, 3)
    reader.close()


def test_closing_joins_the_thread_and_closes_the_camera(reader, device):
    assert threads() == ["camera front"]
    reader.close()
    reader.close()
    assert (threads(), device.opened) == ([], 0)
    reader.start()
    reader.wait()
    assert device.opened == 1


def test_a_second_start_opens_nothing_twice(reader, device):
    reader.start()
    reader.wait()
    assert device.opened == 1


def test_whatever_a_camera_raises_is_its_fault_until_it_is_opened_again(reader, device):
    device.broken = ZeroDivisionError("a lens of no width")
    until(lambda: not reader.alive)
    told = "the camera front failed: ZeroDivisionError: a lens of no width"
    assert reader.fault(0.5) == told
    with pytest.raises(CameraError, match=r"a lens of no width"):
        reader.wait()
    assert device.opened == 0
    device.broken = None
    reader.start()
    reader.wait()
    assert reader.fault(0.5) is None


def test_pictures_that_stop_coming_grow_stale(reader, device):
    device.stuck.set()
    until(lambda: reader.fault(0.05) is not None)
    assert "newest picture must be at most 0.05 s old; got 0.0" in reader.fault(0.05)


def test_black_ones_are_none_and_it_is_said(reader, device):
    device.dark = True
    until(lambda: reader.fault(0.05) is not None)
    assert reader.newest.picture.max() > 0
    assert "were black or of one colour" in reader.fault(0.05)


def test_the_same_bytes_again_and_again_are_a_frozen_camera(reader, device):
    device.frozen = True
    until(lambda: reader.fault(9.0, 10) is not None)
    assert "the camera front must not be frozen; got the same picture" in reader.fault(9.0, 10)


def test_a_camera_without_noise_may_show_the_same_while_nothing_moves():
    device = FakeDevice()
    device.noiseless = device.frozen = True
    reader = CameraReader("front", device)
    reader.start()
    reader.wait()
    until(lambda: reader.fault(9.0, 10, moving=True) is not None)
    assert reader.fault(9.0, 10, moving=False) is None
    reader.close()


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda p: np.moveaxis(p, -1, 0), "channels first. Move them last"),
        (lambda p: p[..., 0], "grey or depth"),
        (lambda p: np.concatenate([p, p[..., :1]], -1), "with an alpha channel"),
        (lambda p: p / np.float32(255), "float32. Convert it to 0 to 255"),
        (lambda p: p[:10], r"must keep its size. Got: (10, 32, 3) after (24, 32, 3)"),
        (lambda p: None, "no picture"),
    ],
    ids=["CHW", "grey", "alpha", "float", "another size", "nothing"],
)
def test_what_is_no_picture_is_refused_with_what_to_do(reader, device, spoil, told):
    device.spoil = spoil
    until(lambda: not reader.alive)
    assert "The camera front must" in reader.fault(9.0)
    assert told in reader.fault(9.0)


def test_a_stamp_of_another_clock_is_refused(reader, device):
    device.frame = lambda: Frame(np.zeros((24, 32, 3), np.uint8), time.time() + 1e9)
    until(lambda: not reader.alive)
    assert "must stamp pictures by time.monotonic()" in reader.fault(9.0)


def test_a_picture_that_is_given_twice_is_no_new_one(reader, device):
    old = Frame(np.full((24, 32, 3), 7, np.uint8), 0.5)
    device.frame = lambda: old
    until(lambda: reader.fault(0.05) is not None)


def test_a_camera_that_blocks_is_left_behind_with_a_warning(reader, device):
    device.stuck.set()
    time.sleep(0.02)
    with pytest.warns(CameraWarning, match=r"camera front must come back"):
        reader.close(patience=0.05)
    with pytest.raises(CameraError, match=r"it still blocks"):
        reader.start()
