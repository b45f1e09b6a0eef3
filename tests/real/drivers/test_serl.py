"""The driver before a server that is SERL's own: no stamps, no stop, other counts."""

from __future__ import annotations

import numpy as np
import pytest

from real.drivers import make_robot
from real.robot import RobotCommand, RobotError
from real.tasks.files import load_preset
from tests.helpers.robots.serl_server import STATE, SerlServer
from zprl_env.errors import ConfigurationError, UnknownNameError


@pytest.fixture
def server():
    server = SerlServer()
    yield server
    server.close()


def connected(server, task="place-orange", **settings):
    robot = make_robot("serl", load_preset(task), url=server.url, timeout=5.0, **settings)
    robot.connect()
    return robot


def test_connecting_clears_errors_and_starts_no_second_controller(server):
    connected(server)
    assert server.heard == [("/clearerr", None)]


def test_its_state_is_read_in_our_order(server):
    robot = connected(server)
    asked = robot.clock.now()
    state = robot.state()
    np.testing.assert_allclose(state.position, [[0.4, 0.1, 0.3]])
    np.testing.assert_allclose(state.quaternion, [[0.0, 1.0, 0.0, 0.0]])
    np.testing.assert_allclose(state.linear_velocity, [[0.1, 0.0, 0.0]])
    np.testing.assert_allclose(state.angular_velocity, [[0.0, 0.0, 0.2]])
    assert state.gripper == pytest.approx([0.75])
    assert asked <= state.stamp <= robot.clock.now()
    assert not state.objects


def test_a_state_that_repeats_itself_grows_old(server):
    robot = connected(server)
    first = robot.state().stamp
    assert robot.state().stamp == first
    server.reading["vel"] = [0.1, 0.0, 0.0, 0.0, 0.0, 0.2000001]
    assert robot.state().stamp > first


def test_stopping_is_to_be_sent_where_it_is(server):
    robot = connected(server)
    robot.stop()
    assert server.heard[-1] == ("/pose", {"arr": STATE["pose"]})


def test_the_gripper_is_told_when_it_changes(server):
    robot = connected(server)
    pose = np.array([[0.4, 0.1, 0.3]]), np.array([[0.0, 1.0, 0.0, 0.0]])
    for opening in (1.0, 1.0, 0.0):
        robot.command(RobotCommand(*pose, np.array([opening])))
    told = [content for path, content in server.heard if path == "/move_gripper"]
    assert told == [{"gripper_pos": 0}, {"gripper_pos": 255}]
    poses = [content["arr"] for path, content in server.heard if path == "/pose"]
    np.testing.assert_allclose(poses, [STATE["pose"]] * 3)


@pytest.mark.parametrize(
    ("gripper", "reading", "opening"),
    [("robotiq-counts", 255, 0.0), ("robotiq-counts", 51, 0.8), ("franka-metres", 0.08, 1.0)],
)
def test_servers_count_in_different_ways(gripper, reading, opening, server):
    server.reading["gripper_pos"] = reading
    robot = connected(server, gripper=gripper)
    assert robot.state().gripper == pytest.approx([opening])


def test_going_home_is_a_joint_reset(server):
    connected(server).home()
    assert server.heard[-1] == ("/jointreset", None)


def test_around_a_way_home_errors_are_cleared_and_the_arm_is_stiff_then_compliant(server):
    server.answers["/update_param"] = b"Updated"
    settings = {"precision": {"stiffness": 2000}, "compliance": {"stiffness": 1000}}
    robot = connected(server, clear_errors=True, **settings)
    server.heard.clear()
    robot.begin_reset()
    assert server.heard == [
        ("/clearerr", None),
        ("/pose", {"arr": STATE["pose"]}),  # or a stiffer spring would pull it elsewhere
        ("/update_param", {"stiffness": 2000}),
    ]
    server.heard.clear()
    robot.end_reset()
    assert server.heard == [("/update_param", {"stiffness": 1000}), ("/clearerr", None)]


def test_what_is_not_finite_is_not_sent(server):
    robot = connected(server)
    nan = np.full((1, 3), np.nan)
    with pytest.raises(RobotError, match="finite"):
        robot.command(RobotCommand(nan, np.array([[0.0, 1.0, 0.0, 0.0]]), np.ones(1)))
    assert server.heard == [("/clearerr", None)]


def test_what_cannot_be_is_said_before_anything_moves():
    preset = load_preset("open-box")
    with pytest.raises(ConfigurationError, match="a server for each of the 2 arms"):
        make_robot("serl", preset, url="http://a,http://b,http://c")
    with pytest.raises(ConfigurationError, match="must look like http"):
        make_robot("serl", preset, url="robot:5000")
    with pytest.raises(UnknownNameError, match="did you mean 'robotiq'"):
        make_robot("serl", preset, gripper="robotic")
