"""xArm's driver, by UFACTORY's own SDK, before a stand-in for the controller on loopback."""

from __future__ import annotations

import socket
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from real.drivers import make_robot
from real.robot import JointCommand, RobotCommand, RobotError
from real.tasks.coordinates import Coordinates
from tests.helpers.robots import xarm_controller as codes
from tests.helpers.robots.serving import until
from tests.helpers.robots.servoing import (
    assert_behaves,
    home_of,
    killed_in_motion,
    lift,
    loopback_preset,
)
from tests.helpers.robots.xarm_controller import XArmController, control_port
from zprl_env.errors import ConfigurationError, MissingExtraError

# The SDK makes it when it is imported, and fails where another process does at the same moment.
Path("~/.UFACTORY/log/xarm/sdk").expanduser().mkdir(parents=True, exist_ok=True)
pytest.importorskip("xarm.wrapper", reason="extra xarm")
# A line that is refused is left open by the SDK, whose thread looks for lost reports again.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
POSTURE = (0.0, -0.5, 0.0, 0.7, 0.0, 1.2, 0.0)
PRESET = loopback_preset(POSTURE, model="xarm7")


def at_its_port():
    """Have the SDK ask where the stand-in may listen: 502 is the system's."""
    from xarm.core.config.x_config import XCONF

    XCONF.SocketConf.TCP_CONTROL_PORT = control_port()


def connected(host, preset=PRESET):
    at_its_port()
    robot = make_robot("xarm", preset, host=host)
    robot.connect()
    return robot


@pytest.fixture(scope="module")
def arm():
    at_its_port()
    arm = XArmController("127.0.0.42", home_of(PRESET), np.array(POSTURE))
    yield arm
    arm.close()


@pytest.fixture
def robot(arm):
    robot = connected(arm.host)
    robot.home()
    yield robot
    robot.close()


@pytest.mark.slow
def test_it_behaves(arm, capsys):
    patience = socket.getdefaulttimeout()
    assert_behaves("xarm", PRESET, host=arm.host)
    assert socket.getdefaulttimeout() == patience  # which the SDK sets for everybody
    assert capsys.readouterr().out == ""  # and it greets


def test_what_the_controller_hears(robot, arm):
    goal = lift(robot, PRESET, 0.02)
    assert until(lambda: np.allclose(arm.pose[:3], goal[0, :3], atol=1e-4), patience=5.0)
    assert arm.heard[-1] == codes.SERVO
    np.testing.assert_allclose(arm.joints, POSTURE, atol=0.01)
    robot.stop()
    assert arm.heard[-1] == codes.SET_STATE
    lift(robot, PRESET, 0.0)
    assert arm.heard[-3:] == [codes.MODE, codes.SET_STATE, codes.SERVO]


def test_commands_are_taken_at_the_presets_rate(robot):
    command = Coordinates(PRESET).command(Coordinates(PRESET).of(robot.state()))
    took = []
    for _ in range(30):
        began = time.monotonic()
        robot.command(command)
        robot.state()
        took.append(time.monotonic() - began)
        time.sleep(0.005)
    assert np.quantile(took, 0.1) < 0.2 / PRESET.control_rate  # a busy machine takes longer


def test_an_arm_whose_process_is_killed_stays_where_it_was_sent(arm):
    before = arm.pose
    killed_in_motion(__name__, arm.host)
    goal = before[:3] + np.array([0.0, 0.0, 0.05])
    assert until(lambda: np.allclose(arm.pose[:3], goal, atol=1e-3), patience=5.0)


def test_joints_go_where_they_are_sent(robot, arm):
    goal = np.array([POSTURE]) + 0.1
    robot.command(JointCommand(goal, np.ones(1)))
    assert until(lambda: np.allclose(arm.joints, goal[0], atol=1e-3), patience=5.0)
    assert until(lambda: np.allclose(robot.state().joints, goal, atol=1e-3), patience=5.0)


@pytest.mark.parametrize("gripper", ["xarm", "robotiq_85"])
def test_a_gripper_goes_where_it_is_sent(gripper, arm):
    robot = connected(arm.host, loopback_preset(POSTURE, model="xarm7", gripper=gripper))
    here = robot.state()
    for opening in (0.0, 0.4, 1.0):
        robot.command(RobotCommand(here.position, here.quaternion, np.array([opening])))
        there = pytest.approx([opening], abs=0.01)
        assert until(lambda there=there: robot.state().gripper == there, patience=5.0)
    robot.close()


def test_a_gripper_that_is_none_of_the_two_is_left_alone(arm):
    robot = connected(arm.host, loopback_preset(POSTURE, model="xarm7", gripper="panda"))
    assert robot.state().gripper.tolist() == [1.0]
    robot.close()


def test_a_controller_that_is_switched_off_is_told_and_found_again():
    home = home_of(PRESET), np.array(POSTURE)
    arm = XArmController("127.0.0.43", *home)
    robot = connected(arm.host)
    arm.close()
    with pytest.raises(RobotError, match=r"Got: (no line|code)"):  # noqa: PT012  some beats
        for _ in range(100):
            robot.state()
            time.sleep(0.02)
    with pytest.raises(RobotError, match="Is it switched on"):
        robot.connect()
    with pytest.raises(RobotError, match="must be connected"):
        robot.state()
    arm = XArmController(arm.host, *home)
    robot.connect()
    lift(robot, PRESET, 0.01)
    robot.close()
    arm.close()


def test_what_cannot_be_is_said_before_anything_moves(monkeypatch):
    with pytest.raises(ConfigurationError, match=r"home.joints of place-orange must be"):
        make_robot("xarm", loopback_preset((), model="xarm7"))
    with pytest.raises(ConfigurationError, match="a controller for each of the 1 arms"):
        make_robot("xarm", PRESET, host="a,b")
    monkeypatch.setitem(sys.modules, "xarm.wrapper", None)
    with pytest.raises(MissingExtraError, match=r"zprl-env\[xarm\]"):
        make_robot("xarm", PRESET)
