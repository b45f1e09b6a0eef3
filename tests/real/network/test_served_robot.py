"""Several requests may speak to a robot at once, and it stops when nobody does."""

from __future__ import annotations

import threading
from contextlib import contextmanager

import numpy as np
import pytest

from real.network.served_robot import MARGIN, CommandRefusedError, ServedRobot
from real.robot import RobotError
from real.tasks.files import load_preset
from tests.helpers.robots.coasting import CoastingRobot
from zprl_env.errors import ConfigurationError

PRESET = load_preset("open-box")
DOWN = np.array([0.0, 1.0, 0.0, 0.0])
HOME = np.array([arm.home.position for arm in PRESET.arms])
PATIENCE = 60.0
"""How long a loaded machine may take [s]."""


class HeldRobot(CoastingRobot):
    """Does not return from a method until it is let.

    Attributes:
        holding: Which method, None if none.
        entered: Set when somebody is in there.
        let: To be set for them to come out.
        stopped: Set when it was told to stop.
    """

    def __init__(self, preset):
        super().__init__(preset)
        self.holding: str | None = None
        self.entered, self.let, self.stopped = (threading.Event() for _ in range(3))

    def state(self):
        self._held("state")
        return super().state()

    def home(self):
        self._held("home")
        super().home()

    def stop(self):
        super().stop()
        self.stopped.set()

    def _held(self, name):
        if self.holding == name:
            self.entered.set()
            assert self.let.wait(PATIENCE)


@pytest.fixture
def robot():
    return HeldRobot(PRESET)


@pytest.fixture
def served(robot):
    served = ServedRobot(robot, PRESET, dead_man=1e6)
    yield served
    served.close()


@contextmanager
def another_is_in(robot, method, call):
    """Somebody else's request is on its way within the robot's method."""
    robot.holding = method
    other = threading.Thread(target=call)
    other.start()
    try:
        assert robot.entered.wait(PATIENCE)
        yield
    finally:
        robot.let.set()
        other.join(PATIENCE)
    assert not other.is_alive()


def test_one_arm_is_sent_and_the_other_stays_as_it_is(served, robot):
    served.move(0, HOME[0] + 0.02, DOWN)
    served.move(1, HOME[1] - 0.02, DOWN)
    served.grip(0, 0.25)
    sent = [command for _, command in robot.commands]
    np.testing.assert_allclose(sent[0].position, [HOME[0] + 0.02, HOME[1]])
    np.testing.assert_allclose(sent[1].position, [HOME[0] + 0.02, HOME[1] - 0.02])
    np.testing.assert_allclose(sent[2].position, sent[1].position)
    assert [command.gripper.tolist() for command in sent] == [[1, 1], [1, 1], [0.25, 1]]


def test_after_a_stop_the_arms_are_sent_from_where_they_are(served, robot):
    served.move(0, HOME[0] + 0.02, DOWN)
    robot.clock.sleep_until(0.5 / PRESET.control_rate)  # half of the way
    served.stop()
    served.grip(1, 0.0)
    np.testing.assert_allclose(robot.commands[-1][1].position, [HOME[0] + 0.01, HOME[1]])


@pytest.mark.parametrize("axis", range(3))
def test_a_pose_is_refused_beyond_the_box_and_its_margin(axis, served, robot):
    high = PRESET.arms[0].safety.high[axis]
    position = HOME[0].copy()
    position[axis] = high + 0.99 * MARGIN
    served.move(0, position, DOWN)
    position[axis] = high + 1.01 * MARGIN
    with pytest.raises(CommandRefusedError, match=r"must lie in the box of open-box, \(0\.22, "):
        served.move(0, position, DOWN)
    assert len(robot.commands) == 1


def test_a_pose_that_is_not_a_number_is_refused(served, robot):
    with pytest.raises(CommandRefusedError, match=r"Got: \[nan, "):
        served.move(0, np.array([np.nan, 0.2, 0.3]), DOWN)
    assert robot.commands == []


def test_arms_that_are_switched_off_are_stopped_and_take_no_commands(served, robot):
    served.enable(False)
    assert len(robot.stops) == 1
    with pytest.raises(CommandRefusedError, match=r"switched off\. POST /startimp first"):
        served.grip(0, 0.5)
    served.enable(True)
    served.grip(0, 0.5)
    assert len(robot.commands) == 1


def test_on_the_way_home_questions_are_answered_and_commands_are_not(served, robot):
    with another_is_in(robot, "home", served.home):
        assert served.state().position.shape == (2, 3)
        with pytest.raises(CommandRefusedError, match=r"The arms go home\. Try again when"):
            served.grip(0, 0.5)
        with pytest.raises(CommandRefusedError, match="The arms go home already"):
            served.home()
    robot.holding = None
    served.grip(0, 0.5)
    assert robot.calls.count("home") == 1


def test_a_stop_waits_for_nobody(served, robot):
    with another_is_in(robot, "state", served.state):
        served.stop()
        assert len(robot.stops) == 1


def test_a_robot_that_failed_is_connected_again_by_clearing_errors_and_no_other(served, robot):
    served.clear()
    assert "connect" not in robot.calls
    robot.broken["command"] = RobotError("reflex mode")
    with pytest.raises(RobotError, match="reflex mode"):
        served.grip(0, 0.5)
    robot.broken.clear()
    robot.calls.clear()
    served.clear()
    served.clear()
    assert robot.calls == ["connect", "stop"]


def test_an_age_is_never_negative(served, robot):
    state = served.state()
    assert served.age(state) == 0.0
    robot.clock.sleep_until(0.25)
    assert served.age(state) == 0.25


def test_after_a_silence_the_arms_are_stopped_once(robot):
    served = ServedRobot(robot, PRESET, dead_man=0.02)
    assert not robot.stopped.is_set()  # nobody has commanded anything yet
    served.move(0, HOME[0] + 0.02, DOWN)
    assert robot.stopped.wait(PATIENCE)
    assert robot.moved_within(10.0) == 0.0
    robot.stopped.clear()
    served.move(0, HOME[0], DOWN)
    assert robot.stopped.wait(PATIENCE)
    served.close()
    assert served.stops == 2
    assert len(robot.stops) == 3  # and that of closing


def test_closing_stops_the_arms_even_if_they_cannot_be_told(robot):
    served = ServedRobot(robot, PRESET)
    robot.broken["stop"] = RobotError("no answer")
    served.close()
    assert robot.calls == ["stop", "close"]


@pytest.mark.parametrize("dead_man", [0.0, -1.0, float("nan")])
def test_a_dead_man_s_silence_is_longer_than_none(dead_man, robot):
    with pytest.raises(ConfigurationError, match=f"dead_man must be above 0 s. Got: {dead_man}"):
        ServedRobot(robot, PRESET, dead_man=dead_man)
