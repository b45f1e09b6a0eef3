"""LeRobot's robots as a driver: the SO-101 in MuJoCo, and the dummy that only prints."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from real.drivers import make_robot
from real.robot import JointCommand, RobotError
from real.tasks.files import load_preset, parse_preset
from real.testing import check_robot
from tests.lerobot import so101mujoco  # noqa: F401  it makes LeRobot know the robot
from zprl_env.errors import ConfigurationError, UnknownNameError

TASK = str(Path(__file__).parent / "so101.yaml")
HOME = load_preset(TASK).arms[0].home.joints


def six_joints():
    """The same task for an arm of six joints."""
    task = load_preset(TASK).model_dump(mode="json")
    (arm,) = task["arms"]
    arm["joints"] = 6
    for part, name in (
        (arm["home"], "joints"),
        *((arm["safety"]["joints"], n) for n in ("low", "high")),
    ):
        part[name] = [*part[name], part[name][-1]]
    del arm["kinematics"], arm["grip"]
    return parse_preset(task)


@pytest.fixture
def robot():
    robot = make_robot("lerobot:so101_mujoco", load_preset(TASK))
    robot.connect()
    robot.home()
    yield robot
    robot.close()


def test_the_so101_behaves():
    check_robot("lerobot:so101_mujoco", TASK)


def test_units_and_openings_are_ours(robot):
    time.sleep(0.5)
    np.testing.assert_allclose(np.rad2deg(robot.state().joints[0]), HOME, atol=5.0)
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
    robot = make_robot("lerobot:dummy_follower", six_joints(), id="dummy")
    robot.connect()
    assert robot.state().joints[0].tolist() == [0.0] * 6
    robot.command(JointCommand(np.deg2rad([[10.0, 20.0, 30.0, 40.0, 50.0, 60.0]]), np.ones(1)))
    told = capsys.readouterr().out
    assert "shoulder_pan.pos: 10.0000" in told
    assert "wrist_roll.pos: 60.0000\n  gripper.pos: 100.0000" in told
    robot.close()
    with pytest.raises(RobotError, match="must be connected"):
        robot.state()


SERVED = "from tests.lerobot import so101mujoco; from real.server import main; main()"


@pytest.fixture
def patient(tmp_path):
    """The same task, as a file, with deadlines that any loaded machine meets: none is tested."""
    watchdog = {"max_state_age": 10.0, "max_missed_deadlines": 600}
    task = load_preset(TASK).model_dump(mode="json") | {"watchdog": watchdog}
    path = tmp_path / "reach.yaml"
    path.write_text(yaml.safe_dump(task), encoding="utf-8")
    return str(path)


@pytest.fixture
def url(patient):
    """Serve the arm in this interpreter, and say where."""
    command = [sys.executable, "-c", SERVED, "--driver", "lerobot:so101_mujoco", "--task", patient]
    with subprocess.Popen([*command, "--port", "0"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        line = server.stdout.readline()
        assert line.startswith("reach (lerobot:so101_mujoco) at http://"), line
        yield line.split()[-1]
        server.terminate()


OTHER = """
import sys
import numpy as np
from real.env import RealRobotEnv
from real.operators import Event, ScriptedOperator
url, task = sys.argv[1:]
operator = ScriptedOperator()
env = RealRobotEnv(task, driver="serl", url=url, operator=operator)
operator.say(Event.READY)
observation, _ = env.reset(seed=0)
print(*observation)
action = np.array([10.0, 5.0, 0.0, -5.0, 10.0, 0.0]) / 90.0  # degrees from home; half open
for _ in range(45):
    observation, _, _, truncated, info = env.step(action)
    assert not truncated, info
print(*observation)
env.close()
"""


def test_the_simulators_interpreter_has_it_from_a_server(url, patient):
    command = [os.environ["SIMULATORS"], "-W", "ignore", "-c", OTHER, url, patient]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stderr
    home, moved = (np.fromstring(line, sep=" ") for line in done.stdout.splitlines())
    np.testing.assert_allclose(home, [*HOME, 100.0], atol=5.0)
    goal = np.array(HOME) + np.array([10.0, 5.0, 0.0, -5.0, 10.0])
    np.testing.assert_allclose(moved, [*goal, 50.0], atol=5.0)


def test_what_cannot_be_is_said_before_anything_moves():
    with pytest.raises(UnknownNameError, match="so101_follower"):
        make_robot("lerobot:so101_folower", load_preset(TASK))
    with pytest.raises(ConfigurationError, match=r"takes: port, disable_torque.*Got: baud"):
        make_robot("lerobot:so101_follower", load_preset(TASK), port="/dev/null", baud=9600)
    with pytest.raises(ConfigurationError, match=r"cannot be made: .*port"):
        make_robot("lerobot:so101_follower", load_preset(TASK))
    with pytest.raises(ConfigurationError, match="must have the joints of dummy_follower"):
        make_robot("lerobot:dummy_follower", load_preset(TASK))
    held: Any = make_robot("lerobot:so101_follower", load_preset(TASK), port="/dev/null")
    assert held._robot.config.disable_torque_on_disconnect is False
    assert held.address == "/dev/null"
