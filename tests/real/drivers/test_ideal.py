"""The ideal robot is where it was sent, and fails as it is told to."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from real.drivers.ideal import FAULTS, REACHED, IdealRobot
from real.motion.watchdog import fault
from real.robot import RobotCommand, RobotError
from real.tasks.files import load_preset
from zprl_env.errors import ConfigurationError, UnknownNameError

PRESET = load_preset("place-orange")
LIMITS = PRESET.arms[0].safety
DOWN = np.array([[0.0, 1.0, 0.0, 0.0]])


def command(x=0.42, y=0.0, z=0.28, gripper=1.0, quaternion=DOWN):
    return RobotCommand(np.array([[x, y, z]]), quaternion, np.array([gripper]))


@pytest.fixture
def robot():
    robot = IdealRobot(PRESET)
    robot.connect()
    return robot


def test_it_is_where_it_was_sent_at_once(robot):
    robot.command(command(y=0.1, gripper=0.3))
    state = robot.state()
    assert state.position.tolist() == [[0.42, 0.1, 0.28]]
    assert state.gripper.tolist() == [0.3]
    assert state.stamp == robot.clock.now()


def test_its_velocity_is_that_of_the_last_control_period_until_it_stops(robot):
    turn = Rotation.from_quat([1.0, 0.0, 0.0, 0.0]) * Rotation.from_rotvec([0.0, 0.0, 0.01])
    robot.command(command(y=0.002, quaternion=np.roll(turn.as_quat(), 1)[None]))
    state = robot.state()
    np.testing.assert_allclose(state.linear_velocity, [[0.0, 0.002 * PRESET.control_rate, 0.0]])
    # About the hand's vertical, which points down.
    np.testing.assert_allclose(
        state.angular_velocity, [[0.0, 0.0, -0.01 * PRESET.control_rate]], atol=1e-12
    )
    robot.stop()
    assert not robot.state().linear_velocity.any()
    np.testing.assert_array_equal(robot.state().position, [[0.42, 0.002, 0.28]])


def test_home_is_the_preset_s(robot):
    robot.command(command(x=0.5, gripper=0.0))
    robot.home()
    assert robot.state().position.tolist() == [[*PRESET.arms[0].home.position]]
    assert robot.state().gripper.tolist() == [1.0]


def test_nobody_answers_before_connect_and_after_close(robot):
    for silent in (IdealRobot(PRESET), robot):
        silent.close()
        for call in (silent.state, silent.stop, silent.home, lambda r=silent: r.command(command())):
            with pytest.raises(RobotError, match=r"must be connected\. Got: no answer"):
                call()


def test_the_scene_is_done_when_the_first_arm_is_at_the_first_object(robot):
    robot.reset_scene(3)
    orange = robot.state().objects["orange"][:3]
    for distance, done in ((1.01 * REACHED, False), (0.99 * REACHED, True)):
        robot.command(command(orange[0], orange[1], orange[2] + distance))
        assert robot.success() is done


def test_objects_lie_in_the_middle_half_of_the_box_as_the_seed_says(robot):
    low, high = np.array(LIMITS.low), np.array(LIMITS.high)
    places = []
    for seed in (5, 6, 5):
        robot.reset_scene(seed)
        places.append(np.array([pose[:3] for pose in robot.state().objects.values()]))
    assert (np.abs(np.array(places) - (low + high) / 2) <= (high - low) / 4).all()
    np.testing.assert_array_equal(places[0], places[2])
    assert np.abs(places[0] - places[1]).max() > 0.01


def test_its_pictures_show_the_arm_in_its_box(robot):
    middle = (np.array(LIMITS.low) + np.array(LIMITS.high)) / 2
    for share, pixel in ((0.0, 0), (1.0, 63)):
        corner = np.array(LIMITS.low) + share * (np.array(LIMITS.high) - np.array(LIMITS.low))
        robot.command(command(corner[0], corner[1], middle[2]))
        image = robot.images(["front"])["front"]
        assert (image.shape, image.dtype) == ((64, 64, 3), np.uint8)
        assert np.argwhere(image[..., 0]).tolist() == [[pixel, pixel]]
    with pytest.raises(RobotError, match=r"Cameras must be among front\. Got: \['behind'\]"):
        robot.images(["front", "behind"])


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("stale", "the state must be at most 0.25 s old; got 1.000 s"),
        ("malformed", "position must be finite, of shape (1, 3); got [[nan, nan, nan]]"),
        ("stuck", "an arm must be within 0.1 m of where it was sent; got 0.200 m"),
    ],
)
def test_these_faults_are_the_watchdog_s_to_find(name, complaint, robot):
    robot.fault = name
    sent = command(y=0.2)
    robot.command(sent)
    found = fault(robot.state(), PRESET, now=robot.clock.now(), sent=sent.position)
    assert found == complaint


def test_a_frozen_state_grows_old_and_slowness_takes_a_second(robot):
    robot.fault = "frozen"
    first = robot.state().stamp
    robot.clock.sleep_until(2.0)
    assert robot.state().stamp == first
    robot.fault = "slow"
    robot.stop()
    assert robot.clock.now() == 3.0


def test_a_refusal_leaves_the_arm_where_it_is(robot):
    robot.fault = "rejecting"
    with pytest.raises(RobotError, match=r"must accept commands\. Got: a refusal"):
        robot.command(command(y=0.1))
    assert robot.state().position.tolist() == [[0.42, 0.0, 0.28]]


def test_connecting_repairs_everything_but_a_robot_that_is_gone(robot):
    for name in FAULTS:
        robot.fault = name
        if name in ("disconnected", "gone"):
            with pytest.raises(RobotError, match="must be connected"):
                robot.state()
        if name == "gone":
            with pytest.raises(RobotError, match=r"must be there\. Got: no answer"):
                robot.connect()
            robot.fault = None
        robot.connect()
        assert robot.fault is None
        robot.state()


def test_faults_begin_and_end_with_the_numbers_of_commands_that_were_given():
    robot = IdealRobot(PRESET, faults={2: "rejecting", 4: None})
    robot.connect()
    taken = []
    for _ in range(6):
        try:
            robot.command(command())
        except RobotError:
            taken.append(False)
        else:
            taken.append(True)
    assert taken == [True, True, False, False, True, True]


def test_a_fault_that_is_none_is_named():
    with pytest.raises(UnknownNameError, match="unknown fault 'frozn'; did you mean 'frozen'"):
        IdealRobot(PRESET, faults={0: "frozn"})
    with pytest.raises(ConfigurationError, match=r"a number of commands\. Got: -1"):
        IdealRobot(PRESET, faults={-1: "frozen"})
