"""Cameras on an arm that flies on in silence: slow ones do not slow it, dead ones stop it."""

from __future__ import annotations

import threading
import time
from typing import Any

import h5py
import numpy as np
import pytest

from real.cameras.camera import CameraError
from real.clock import WallClock
from real.env import RealRobotEnv
from real.operators import Event, ScriptedOperator
from real.recording import EpisodeRecorder
from real.robot import RobotError
from real.tasks.files import load_preset
from tests.helpers.robots.coasting import CoastingRobot
from tests.helpers.robots.filming import FakeDevice
from zprl_env.errors import ConfigurationError, UnknownNameError

PRESET = load_preset("place-orange-pixels")
AWAY = np.array([0.2, 0.3, -0.2, 0.0, 1.0, 0.1, 0.0, -1.0])


class Arm(CoastingRobot):
    """The arm by the computer's clock, whose own cameras take their time."""

    def __init__(self, preset: Any = PRESET, delay: float = 0.0) -> None:
        super().__init__(preset)
        self.clock = WallClock()
        self.place(self._coordinates.home)
        self.delay = delay
        self._rng = np.random.default_rng(0)

    def images(self, names):
        time.sleep(self.delay)
        return {name: self._rng.integers(0, 255, (32, 32, 3), np.uint8) for name in names}


@pytest.fixture
def devices():
    return {"front": FakeDevice(0.01), "wrist": FakeDevice(0.01)}


@pytest.fixture
def made(devices):
    envs = []

    def make(robot=None, **settings):
        settings = {"devices": devices, "operator": ScriptedOperator(patience=3.0), **settings}
        envs.append(RealRobotEnv(PRESET, driver=robot or Arm(), **settings))
        return envs[-1]

    yield make
    for device in devices.values():
        device.stuck.clear()
    for env in envs:
        env.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("camera")]
    assert [device.opened for device in devices.values()] == [0, 0]


def rate(env, steps=20):
    """Steps per second."""
    began = time.monotonic()
    for _ in range(steps):
        *_, truncated, info = env.step(AWAY)
        assert not truncated, info["safety"]["stop"]
    return steps / (time.monotonic() - began)


def until_stopped(env):
    for _ in range(60):
        *rest, terminated, truncated, info = env.step(AWAY)
        if truncated:
            assert not terminated
            return rest[0], info["safety"]
    pytest.fail("nobody stopped the arms")


@pytest.mark.parametrize("delay", [0.025, 0.12])
def test_a_slow_device_leaves_the_loop_at_its_rate(made, devices, delay):
    devices["front"].delay = delay
    env = made()
    observation, _ = env.reset(seed=0)
    assert {name: part.shape for name, part in observation.items()} == {
        "state": (13,),
        "front": (84, 84, 3),
        "wrist": (84, 84, 3),
    }
    assert 22 < rate(env) < 31  # 17 and a stop, where the step waits for the camera
    age = env.step(AWAY)[-1]["time"]["pictures"]
    assert age < 0.5


def test_a_driver_s_own_slow_cameras_leave_it_too_and_are_recorded(made, tmp_path):
    recorder = EpisodeRecorder(tmp_path / "seen.hdf5", say=lambda told: None)
    robot = Arm(delay=0.06)
    env = made(robot, devices=None, image_size=32, recorder=recorder, images=True)
    env.reset(seed=0)
    assert rate(env) > 22
    env.close()
    with h5py.File(recorder.entries[0].file) as file:
        assert file["data/demo_0/obs/wrist_image"].shape == (20, 32, 32, 3)
        assert file["data/demo_0/frames/wrist"].shape == (20, 32, 32, 3)


def test_large_pictures_are_recorded_off_the_control_thread(made, devices, tmp_path):
    for device in devices.values():
        device.__init__(0.03, (120, 160))
    told: list[str] = []
    recorder = EpisodeRecorder(tmp_path / "seen.hdf5", say=told.append)
    env = made(recorder=recorder, images=True)
    env.reset(seed=0)
    assert "4 pictures per step" in told[0]
    assert rate(env) > 22
    env.close()
    with h5py.File(recorder.entries[0].file) as file:
        frames = file["data/demo_0/frames/front"]
        assert frames.shape == (20, 120, 160, 3)
        assert frames[19].std() > 50


@pytest.mark.parametrize(
    ("happens", "told"),
    [
        (lambda d: setattr(d, "broken", ValueError("no lens")), "front failed: ValueError: no l"),
        (lambda d: setattr(d, "broken", CameraError("its cable is out")), "its cable is out"),
        (lambda d: d.stuck.set(), "the camera front's newest picture must be at most 0.5 s old"),
        (lambda d: setattr(d, "dark", True), "were black or of one colour"),
        (lambda d: setattr(d, "frozen", True), "the camera front must not be frozen"),
        (lambda d: setattr(d, "spoil", lambda p: p[..., :1]), "front must give pictures of shape"),
    ],
    ids=["exception", "dead", "stale", "black", "frozen", "malformed"],
)
def test_a_camera_that_fails_in_motion_stops_the_arm_for_good(made, devices, happens, told):
    robot = Arm()
    env = made(robot)
    env.reset(seed=0)
    for _ in range(4):
        before = env.step(AWAY)[0]
    assert np.linalg.norm(robot.state().linear_velocity) > 0.1
    happens(devices["front"])
    after, safety = until_stopped(env)
    assert robot.moved_within(0.2) == 0.0
    assert told in safety["stop"]
    assert safety["stop_source"] == "camera"
    assert after["front"].max() > 0
    assert after["front"].shape == before["front"].shape


def test_after_the_release_the_camera_is_opened_again(made, devices):
    env = made()
    env.reset(seed=0)
    devices["wrist"].broken = RuntimeError("unplugged")
    until_stopped(env)
    devices["wrist"].broken = None
    env.reset()
    assert env.operator.asked[-2][0] is Event.RELEASE
    assert "unplugged" in env.operator.asked[-2][1]
    rate(env, 3)


def test_a_camera_that_is_dead_from_the_beginning_is_named_and_nothing_moves(made, devices):
    robot = Arm()
    env = made(robot)
    devices["wrist"].broken = CameraError("The device 4 must be there.")
    with pytest.raises(RobotError, match=r"the camera wrist failed: The device 4 must be there"):
        env.reset(seed=0)
    assert robot.commands == []


def test_a_camera_that_never_comes_back_ends_the_reset(made, devices):
    env = made(operator=ScriptedOperator(patience=0.5))
    env.reset(seed=0)
    devices["front"].broken = RuntimeError("burnt out")
    until_stopped(env)
    with pytest.raises(RobotError, match=r"within 0\.5 s\. Got: .*burnt out"):
        env.reset()


class Laying(ScriptedOperator):
    """Remembers when the scene was laid out."""

    laid = 0.0

    def ask(self, event, message):
        super().ask(event, message)
        self.laid = time.monotonic()


def test_what_is_seen_first_was_taken_after_the_scene_was_laid_out(made, devices):
    devices["front"].delay, operator = 0.12, Laying()
    env = made(operator=operator)
    for _ in range(2):
        _, info = env.reset(seed=0)
        assert operator.asked[-1][0] is Event.READY
        assert info["time"]["pictures"] <= time.monotonic() - operator.laid


def test_a_device_is_rendered_as_it_is(made):
    env = made(render_mode="rgb_array")
    env.reset(seed=0)
    assert env.render().shape == (24, 32, 3)


def test_what_is_observed_says_which_devices_it_came_from(made, devices):
    settings = made().picture_settings
    assert settings.cameras == ("front", "wrist")
    assert settings.renderer == "front: FakeDevice; wrist: FakeDevice"
    assert not settings.quality.stated


def test_cameras_that_the_preset_does_not_have_are_refused():
    with pytest.raises(UnknownNameError, match=r"unknown camera of devices 'fron'; did you mean"):
        RealRobotEnv(
            PRESET, driver=Arm(), operator=ScriptedOperator(), devices={"fron": FakeDevice()}
        )
    with pytest.raises(ConfigurationError, match=r"takes no pictures. Name them in devices"):
        RealRobotEnv(PRESET, driver=CoastingRobot(PRESET), operator=ScriptedOperator())
