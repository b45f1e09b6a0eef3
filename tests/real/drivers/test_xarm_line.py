"""A line to an xArm's controller reads its reports, and tells what it was stopped by."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from real.robot import ReflexError, RobotError
from real.tasks.coordinates import Coordinates
from tests.helpers.robots.serving import until
from tests.helpers.robots.servoing import home_of, lift, loopback_preset
from tests.helpers.robots.xarm_controller import PAUSED, STOPPED, XArmController
from zprl_env.errors import ConfigurationError

pytest.importorskip("xarm.wrapper", reason="extra xarm")
from tests.real.drivers.test_xarm import POSTURE, PRESET, connected

# A line that is refused is left open by the SDK, whose thread looks for lost reports again.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
COLLISION, BUTTON = 31, 2


@pytest.fixture(scope="module")
def arm():
    arm = XArmController("127.0.0.44", home_of(PRESET), np.array(POSTURE))
    yield arm
    arm.close()


@pytest.fixture
def robot(arm):
    robot = connected(arm.host)
    yield robot
    robot.close()


def test_reports_are_in_metres_and_their_angles_turn_about_fixed_axes(robot, arm):
    coordinates = Coordinates(PRESET)
    goal = coordinates.of(robot.state())
    goal[:, :6] += [0.01, -0.02, 0.03, 0.1, -0.2, 0.3]
    robot.command(coordinates.command(goal))
    assert until(lambda: np.allclose(arm.pose[:3], goal[0, :3], atol=1e-4), patience=5.0)
    time.sleep(0.1)
    state = robot.state()
    np.testing.assert_allclose(state.position[0], arm.pose[:3], atol=1e-5)
    turned = Rotation.from_quat(np.roll(state.quaternion[0], -1))
    assert (turned * Rotation.from_rotvec(arm.pose[3:]).inv()).magnitude() < 1e-4
    np.testing.assert_allclose(coordinates.of(state)[:, :6], goal[:, :6], atol=1e-3)


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize(("error", "told"), [(COLLISION, "Collision"), (BUTTON, "Emergency")])
def test_an_error_is_told_until_it_is_connected_again(error, told, held, robot, arm):
    lift(robot, PRESET, 0.01)
    if held:
        robot.stop()
    arm.fail(error)
    time.sleep(0.2)
    with pytest.raises(ReflexError, match=rf"error {error}, .*{told}"):
        robot.state()
    with pytest.raises(ReflexError, match=f"error {error}"):
        robot.command(Coordinates(PRESET).command(Coordinates(PRESET).home))
    robot.stop()  # which is heard all the same
    robot.connect()
    lift(robot, PRESET, 0.01)


@pytest.mark.parametrize("state", [PAUSED, STOPPED])
def test_a_stop_or_a_pause_by_somebody_else_is_no_less_one(state, robot, arm):
    lift(robot, PRESET, 0.01)
    arm.set_state(state)
    time.sleep(0.2)
    with pytest.raises(ReflexError, match=f"state {state} and mode ., which somebody else set"):
        robot.state()
    before = arm.pose
    with pytest.raises(ReflexError):
        robot.command(Coordinates(PRESET).command(Coordinates(PRESET).home))
    np.testing.assert_allclose(arm.pose, before)


def test_a_stop_on_the_way_home_is_heard_and_stays(robot, arm):
    lift(robot, PRESET, 0.05)
    time.sleep(0.3)
    stopping = threading.Timer(0.15, robot.stop)
    stopping.start()
    with pytest.raises(RobotError, match="were stopped on their way home"):
        robot.home()
    stopping.join()
    time.sleep(0.1)
    before = arm.pose
    time.sleep(0.1)
    np.testing.assert_allclose(arm.pose, before, atol=1e-6)
    assert np.abs(before[:3] - PRESET.arms[0].home.position).max() > 0.005


def test_what_is_not_finite_is_not_sent(robot):
    goal = Coordinates(PRESET).home
    goal[0, 0] = np.nan
    with pytest.raises(RobotError, match="must be finite"):
        robot.command(Coordinates(PRESET).command(goal))


def test_an_arm_with_other_joints_is_refused(arm):
    with pytest.raises(ConfigurationError, match=r"the preset's 6 joints\. Got: 7"):
        connected(arm.host, loopback_preset(POSTURE[:6], model="xarm6"))
