"""Which device has which name stands in a file of the laboratory's."""

from __future__ import annotations

import pytest

from real.cameras.file import FileCamera
from real.cameras.opencv import OpenCVCamera
from real.cameras.wiring import CAMERAS, make_camera, make_devices, make_rig
from tests.helpers.robots.filming import FakeDevice
from zprl_env.errors import ConfigurationError, UnknownNameError
from zprl_env.loading.named import load_object


@pytest.fixture
def wired(tmp_path):
    def write(text):
        path = tmp_path / "cameras.yaml"
        path.write_text(text)
        return path

    return write


def test_a_file_says_kind_settings_and_fitting(wired):
    made = make_devices(
        wired(
            "front: {kind: opencv, device: 2, size: [480, 640], fourcc: MJPG, turn: 180}\n"
            "wrist: {kind: file, path: wrist.mp4, crop: [0, 80, 480, 480]}\n"
        )
    )
    assert [*made] == ["front", "wrist"]
    assert isinstance(made["front"].camera, OpenCVCamera)
    assert made["front"].camera.size == (480, 640)
    assert isinstance(made["wrist"].camera, FileCamera)
    assert made["wrist"].fitting((84, 84)).crop == (0, 80, 480, 480)
    assert made["front"].description == "opencv 2, turned 180"
    assert made["wrist"].description == "file wrist.mp4, crop 0 80 480 480"


@pytest.mark.parametrize("kind", CAMERAS)
def test_every_row_of_the_table_is_a_camera(kind):
    found = load_object(CAMERAS[kind], "camera")
    assert all(callable(getattr(found, name)) for name in ("connect", "frame", "close"))


def test_a_class_of_one_s_own_is_named_in_code_and_not_in_a_file(wired):
    kind = "tests.helpers.robots.filming:FakeDevice"
    made = make_devices({"front": {"kind": kind, "delay": 0.5}, "wrist": FakeDevice(0.25)})
    assert [vars(device.camera)["delay"] for device in made.values()] == [0.5, 0.25]
    with pytest.raises(UnknownNameError, match=r"unknown kind of the camera front"):
        make_devices(wired(f"front: {{kind: '{kind}'}}"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- front", "devices must be settings by the camera's name"),
        ("front: 0", "The camera front must have settings. Got: 0"),
        ("front: {device: 0}", "unknown kind of the camera front 'None'"),
        ("front: {kind: opncv}", "did you mean 'opencv'"),
        ("front: {kind: opencv, devise: 0}", "A camera of kind opencv takes: device, size, fps"),
        ("front: {kind: opencv, turn: 45}", "turn must be one of"),
        ("front: {kind: opencv, size: 84}", "The camera front: size must be height and width"),
    ],
)
def test_what_is_wrong_in_a_file_is_said(wired, text, told):
    with pytest.raises((ConfigurationError, UnknownNameError)) as caught:
        make_devices(wired(text))
    assert told in str(caught.value)


def test_no_file_is_no_devices_and_a_missing_one_an_error(tmp_path):
    assert make_devices(None) == {}
    with pytest.raises(ConfigurationError, match=r"Cameras' settings must be a readable file"):
        make_devices(tmp_path / "none.yaml")
    with pytest.raises(UnknownNameError, match=r"unknown kind of camera 'usb'"):
        make_camera("usb")


def test_a_rig_takes_only_names_that_are_known(wired):
    path = wired("front: {kind: opencv, device: 0}")
    assert [*make_rig(path, ("front", "wrist")).readers] == ["front"]
    with pytest.raises(UnknownNameError, match=r"unknown camera of devices 'front'"):
        make_rig(path, ("side",))
    assert make_rig(None).fault() is None
