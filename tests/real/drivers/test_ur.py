"""UR's driver, by ur_rtde itself, before a stand-in for the controller on loopback."""

from __future__ import annotations

import sys
import time

import numpy as np
import pytest

from real.drivers import make_robot
from real.robot import ReflexError, RobotError
from tests.helpers.robots.servoing import (
    assert_behaves,
    home_of,
    killed_in_motion,
    lift,
    loopback_preset,
)
from tests.helpers.robots.ur_controller import END, MOVE, SERVO, SERVO_STOP, URController
from zprl_env.errors import ConfigurationError, MissingExtraError

pytest.importorskip("rtde_control", reason="extra ur")
POSTURE = (0.0, -1.57, 1.57, -1.57, -1.57, 0.0)
PRESET = loopback_preset(POSTURE, model="ur5e")


def connected(host):
    robot = make_robot("ur", PRESET, host=host)
    robot.connect()
    return robot


@pytest.fixture
def arm():
    arm = URController("127.0.0.41", home_of(PRESET), np.array(POSTURE))
    yield arm
    arm.close()


@pytest.fixture
def robot(arm):
    robot = connected(arm.host)
    robot.home()
    yield robot
    robot.close()


@pytest.mark.slow
def test_it_behaves(arm):
    assert_behaves("ur", PRESET, host=arm.host)


def test_what_the_controller_hears(robot, arm):
    assert arm.heard[-2:] == [MOVE, 0]
    goal = lift(robot, PRESET, 0.02)
    time.sleep(0.5)
    assert arm.heard[-1] == SERVO
    np.testing.assert_allclose(arm.pose[:3], goal[0, :3], atol=1e-4)
    robot.stop()
    assert SERVO_STOP in arm.heard
    robot.close()
    assert END in arm.heard


def test_a_protective_stop_is_told(robot, arm):
    arm.set_safety(3)
    time.sleep(0.1)
    with pytest.raises(ReflexError, match=r"Got: 3, a protective stop\. Unlock it at the pendant"):
        robot.state()
    robot.stop()  # which is heard all the same
    with pytest.raises(ReflexError):
        robot.connect()
    arm.set_safety(1)
    robot.connect()
    lift(robot, PRESET, 0.01)


def test_a_controller_that_is_switched_off_is_told(robot, arm):
    arm.close()
    with pytest.raises(RobotError):  # noqa: PT012  it takes some beats
        for _ in range(100):
            robot.state()
            lift(robot, PRESET, 0.0)
            time.sleep(0.02)
    with pytest.raises(RobotError, match=r"Is it switched on"):
        robot.connect()


def test_an_arm_whose_process_is_killed_stays_where_it_was_sent(arm):
    before = arm.pose
    killed_in_motion(__name__, arm.host)
    time.sleep(0.5)
    np.testing.assert_allclose(arm.pose[:3], before[:3] + np.array([0.0, 0.0, 0.05]), atol=1e-3)


def test_what_cannot_be_is_said_before_anything_moves(monkeypatch):
    with pytest.raises(ConfigurationError, match=r"home.joints of place-orange must be"):
        make_robot("ur", loopback_preset((), model="ur5e"))
    with pytest.raises(ConfigurationError, match="a controller for each of the 1 arms"):
        make_robot("ur", PRESET, host="a,b")
    monkeypatch.setitem(sys.modules, "rtde_control", None)
    with pytest.raises(MissingExtraError, match=r"zprl-env\[ur\]"):
        make_robot("ur", PRESET)
