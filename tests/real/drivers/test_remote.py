"""A simulated robot in another process has its scene and its cameras here."""

from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors.numpy import save

from real.drivers import make_robot
from real.robot import RobotCommand, RobotError
from real.tasks.files import load_preset
from tests.helpers.robots.serl_server import STATE, SerlServer
from tests.helpers.robots.serving import ServerProcess, until

PRESET = load_preset("place-orange")


@pytest.fixture(scope="module")
def served():
    """A driver before a server of ours, in a process of its own."""
    server = ServerProcess("place-orange")
    robot = make_robot("remote", PRESET, url=server.url, timeout=30.0)
    robot.connect()
    yield robot
    robot.close()
    complaints = server.end()
    assert complaints == ""


@pytest.fixture
def other():
    """A server whose answers the test chooses."""
    server = SerlServer()
    yield server
    server.close()


def before(server):
    return make_robot("remote", PRESET, url=server.url, timeout=30.0)


def test_its_scenes_follow_from_their_seeds(served):
    places = []
    for seed in (3, 4, 3):
        served.reset_scene(seed)
        places.append(served.state().objects["orange"])
    np.testing.assert_array_equal(places[0], places[2])
    assert np.abs(places[0] - places[1]).max() > 0.01
    np.testing.assert_allclose(served.state().position, [PRESET.arms[0].home.position])


def test_success_is_the_scene_s_at_the_newest_measurement(served):
    served.reset_scene(0)
    assert served.success() is False
    state = served.state()
    orange = state.objects["orange"][None, :3]
    command = RobotCommand(orange, state.quaternion, state.gripper)

    def done():
        served.command(command)  # a silence would brake the arm
        served.state()
        return served.success()

    assert until(done)


def test_pictures_come_as_the_camera_takes_them(served):
    image = served.images(["front"])["front"]
    assert (image.shape, image.dtype, image.max()) == ((64, 64, 3), np.uint8, 255)
    with pytest.raises(RobotError, match=r"409: names must be of cameras: front\. Got: behind"):
        served.images(["behind"])


def test_a_new_scene_forgets_what_the_gripper_was_told(other):
    robot = before(other)
    other.answers["/zprl/reset_scene"] = b"{}"
    command = RobotCommand(np.array([[0.4, 0.1, 0.3]]), np.array([[0.0, 1, 0, 0]]), np.ones(1))
    robot.command(command)
    robot.reset_scene(7)
    robot.command(command)
    told = [path for path, _ in other.heard if path != "/pose"]
    assert told == ["/move_gripper", "/zprl/reset_scene", "/move_gripper"]
    assert ("/zprl/reset_scene", {"seed": 7}) in other.heard


def test_hardware_knows_no_success_and_says_so(other):
    robot = before(other)
    robot.connect()
    with pytest.raises(RobotError, match=r"whether the task is done\. Got: None\. Does it serve a"):
        robot.success()


@pytest.mark.parametrize("said", ["yes", 1, None])
def test_a_success_that_is_neither_true_nor_false_is_refused(said, other):
    robot = before(other)
    added = {"age": 0.0, "stamp": 1.0, "success": said}
    other.answers["/getstate"] = json.dumps({**STATE, "zprl": added}).encode()
    robot.state()
    with pytest.raises(RobotError, match=f"must say whether the task is done. Got: {said}"):
        robot.success()


@pytest.mark.parametrize(
    ("reply", "complaint"),
    [
        (b"<html>", r"pictures must come as safetensors\. Got: "),
        (save({"front": np.zeros((4, 4, 3))}), r"pictures must be of front\. Got: \['front'\]"),
        (save({"front": np.zeros((4, 4), np.uint8)}), r"pictures must be of front"),
        (save({"left": np.zeros((4, 4, 3), np.uint8)}), r"must be of front\. Got: \['left'\]"),
    ],
    ids=["a page", "floats", "a line", "another camera's"],
)
def test_pictures_that_are_none_are_refused(reply, complaint, other):
    other.answers["/zprl/images"] = reply
    with pytest.raises(RobotError, match=complaint):
        before(other).images(["front"])
