"""LeRobot's robots as a driver: the SO-101 in MuJoCo, and the dummy that only prints."""

from __future__ import annotations

import time

import numpy as np
import pytest

from real.drivers import make_robot
from real.robot import JointCommand, RobotError
from real.tasks.files import parse_preset
from real.testing import check_robot
from tests.lerobot import so101mujoco  # noqa: F401  it makes LeRobot know the robot
from zprl_env.errors import ConfigurationError, UnknownNameError

HOME = (0.0, -30.0, 30.0, 45.0, 0.0)


def preset(joints=5):
    """A task of one arm that is commanded in joints, in degrees."""
    return parse_preset(
        {
            "name": "reach",
            "description": "Move.",
            "arms": [
                {
                    "model": "so101",
                    "gripper": "so101",
                    "joints": joints,
                    "units": "degrees",
                    "home": {"joints": (*HOME, 0.0)[:joints], "gripper": 1.0},
                    "safety": {
                        "joints": {
                            "low": [-90.0] * joints,
                            "high": [90.0] * joints,
                            "velocity": 60.0,
                            "acceleration": 300.0,
                            "jerk": 3000.0,
                        }
                    },
                }
            ],
            "rate": 30,
            "control_rate": 60,
            "episode_steps": 100,
            "action": ["joints", "gripper"],
            "action_scale": {"joints": 90.0},
            "observation": ["joints", "gripper"],
        }
    )


@pytest.fixture
def robot():
    robot = make_robot("lerobot:so101_mujoco", preset())
    robot.connect()
    robot.home()
    yield robot
    robot.close()


def test_the_so101_behaves():
    check_robot("lerobot:so101_mujoco", preset())


def test_units_and_openings_are_ours(robot):
    time.sleep(0.5)
    np.testing.assert_allclose(np.rad2deg(robot.state().joints[0]), HOME, atol=3.0)
    robot.command(JointCommand(np.deg2rad([HOME]), np.array([0.25])))
    assert robot._robot.sent[-1] == pytest.approx(
        {
            "shoulder_pan.pos": 0.0,
            "shoulder_lift.pos": -30.0,
            "elbow_flex.pos": 30.0,
            "wrist_flex.pos": 45.0,
            "wrist_roll.pos": 0.0,
            "gripper.pos": 25.0,
        }
    )
    assert len(robot.state().joint_velocities) == 0  # nobody has told any


def test_a_second_stop_sends_the_same_or_gravity_would_win(robot):
    robot.command(JointCommand(np.deg2rad([HOME]), np.array([0.25])))
    robot.stop()
    time.sleep(0.2)
    robot.stop()
    first, second = robot._robot.sent[-2:]
    assert first == second
    assert first["gripper.pos"] == 25.0  # what it holds it goes on holding


def test_motors_that_do_not_answer_are_told_and_found_again(robot):
    robot._robot.config.broken = True
    for call in (robot.state, robot.stop):
        with pytest.raises(RobotError, match=r"ConnectionError: no motors answer. Is it plugged"):
            call()
    robot._robot.config.broken = False
    robot.connect()
    robot.state()


def test_what_is_not_finite_is_not_sent(robot):
    before = len(robot._robot.sent)
    with pytest.raises(RobotError, match="must be finite"):
        robot.command(JointCommand(np.full((1, 5), np.nan), np.ones(1)))
    assert len(robot._robot.sent) == before


def test_the_dummy_is_told_by_the_names_of_its_motors(capsys):
    robot = make_robot("lerobot:dummy_follower", preset(joints=6), id="dummy")
    robot.connect()
    assert robot.state().joints[0].tolist() == [0.0] * 6
    robot.command(JointCommand(np.deg2rad([[10.0, 20.0, 30.0, 40.0, 50.0, 60.0]]), np.ones(1)))
    told = capsys.readouterr().out
    assert "shoulder_pan.pos: 10.0000" in told
    assert "wrist_roll.pos: 60.0000\n  gripper.pos: 100.0000" in told
    robot.close()
    with pytest.raises(RobotError, match="must be connected"):
        robot.state()


SERVED = """
import sys
from real import server
from tests.lerobot import so101
from tests.lerobot.test_robots import preset
server.load_preset = lambda task: preset()
server.main()
"""


def test_what_cannot_be_is_said_before_anything_moves():
    with pytest.raises(UnknownNameError, match="so101_follower"):
        make_robot("lerobot:so101_folower", preset())
    with pytest.raises(ConfigurationError, match=r"takes: port, disable_torque.*Got: baud"):
        make_robot("lerobot:so101_follower", preset(), port="/dev/null", baud=9600)
    with pytest.raises(ConfigurationError, match=r"cannot be made: .*port"):
        make_robot("lerobot:so101_follower", preset())
    with pytest.raises(ConfigurationError, match="must have the joints of dummy_follower"):
        make_robot("lerobot:dummy_follower", preset())
    held: Any = make_robot("lerobot:so101_follower", preset(), port="/dev/null")
    assert held._robot.config.disable_torque_on_disconnect is False
    assert held.address == "/dev/null"
