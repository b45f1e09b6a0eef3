"""A motion begins from arms at rest, which their sensors have seen to go where they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from real.drivers.ideal import IdealRobot
from real.motion.loop import ControlLoop
from real.motion.standstill import RESTING, Standstill
from real.operators import ScriptedOperator
from real.robot import RobotState
from real.tasks.coordinates import Coordinates
from real.tasks.files import load_preset
from tests.helpers.robots.coasting import CoastingRobot

PRESET = load_preset("place-orange")
COORDINATES = Coordinates(PRESET)
FAR = COORDINATES.home + np.array([[0.1, 0.2, -0.1, 0, 0, 0, 0]])


class Heavy(CoastingRobot):
    """Needs its time to come to rest after a stop, as whatever has mass."""

    slowing = 0.15

    def stop(self):
        here, speed = self._here(), self._linear.copy()
        super().stop()
        begin = self.clock.now()
        far = speed * self.slowing / 3.0

        def decelerate(state):
            passed = min(1.0, (self.clock.now() - begin) / self.slowing)
            left = (1.0 - passed) ** 2
            went = far * (1.0 - (1.0 - passed) ** 3)
            return replace(state, position=here.position + went, linear_velocity=left * speed)

        self.place(COORDINATES.of(replace(here, position=here.position + far)))
        self.spoil = decelerate


def moving(kind=CoastingRobot, periods=30):
    """A loop whose arm flies at 0.3 m/s."""
    robot = kind(PRESET)
    loop = ControlLoop(robot, PRESET, ScriptedOperator())
    assert loop.locate()
    for _ in range(periods):
        assert loop.tick(FAR)
    assert np.linalg.norm(robot.state().linear_velocity) > 0.3
    return loop, robot


def freeze(robot):
    """Have it measure the same for ever, with stamps that are new."""
    kept = robot.state()
    robot.spoil = lambda state: replace(kept, stamp=state.stamp)


def stopped(loop):
    loop.halt("operator", "SPACE")
    loop.release()
    loop.pacer.restart()


def test_an_arm_that_still_comes_to_rest_is_waited_for():
    loop, robot = moving(Heavy)
    stopped(loop)
    begin = robot.clock.now()
    assert loop.locate()
    assert 0.05 < robot.clock.now() - begin < Heavy.slowing
    end = COORDINATES.of(robot._here())
    assert np.abs(loop.filter.coordinates - end).max() < 1e-3
    assert loop.tick(FAR)
    assert np.abs(robot.commands[-1][1].position - robot._here().position).max() < 1e-3


def test_an_arm_that_does_not_come_to_rest_is_stopped():
    loop, robot = moving()
    robot.broken["stop"] = RuntimeError("cannot be told")
    robot.broken["command"] = RuntimeError("nor commanded")
    stopped(loop)
    begin = robot.clock.now()
    assert not loop.locate()
    assert loop.emergency.stop.source == "watchdog"
    assert "must be at rest when a motion begins; got 0.3" in loop.emergency.stop.reason
    assert robot.clock.now() - begin == pytest.approx(RESTING, abs=0.05)


@pytest.mark.parametrize("begin", ["locate", "tick after a silence", "begin at"])
def test_a_sensor_that_froze_while_the_arm_moved_is_nothing_to_begin_from(begin):
    loop, robot = moving(periods=20)
    freeze(robot)
    for _ in range(8):  # 4 cm, which is within the tracking error that is allowed
        assert loop.tick(FAR)
    assert loop.settle()
    sent = len(robot.commands)
    robot.clock.sleep_until(robot.clock.now() + 1.0)
    if begin == "locate":
        assert not loop.locate()
    elif begin == "begin at":
        assert not loop.begin_at(loop.filter.coordinates)
    else:
        assert not loop.tick(FAR)
    assert loop.emergency.stop.source == "watchdog"
    assert "the same to the last digit as before" in loop.emergency.stop.reason
    assert len(robot.commands) == sent
    robot.spoil = None
    loop.release()
    assert loop.locate()  # it sees again


def test_a_sensor_that_froze_under_another_environment_is_found_out_as_well():
    loop, robot = moving(periods=20)
    other = ControlLoop(robot, PRESET, ScriptedOperator(), loop.arms)
    freeze(robot)
    for _ in range(8):
        assert loop.tick(FAR)
    loop.settle()
    assert not other.locate()


def test_a_sensor_without_noise_and_an_arm_that_goes_nowhere_are_no_fault():
    loop = ControlLoop(IdealRobot(PRESET), PRESET, ScriptedOperator())
    loop.connect()
    for _ in range(5):
        assert loop.locate()
        for _ in range(20):
            assert loop.tick(COORDINATES.home)
    for target in (FAR, COORDINATES.home):  # there and back, to where it measured the same
        for _ in range(120):
            assert loop.tick(target)
        assert loop.locate()


def test_an_arm_that_others_have_put_somewhere_may_begin_there_twice():
    loop, robot = moving()
    loop.settle()
    robot.place(COORDINATES.home)  # by hand, or by a server that was started anew
    for _ in range(2):
        assert loop.locate()
        assert loop.tick(COORDINATES.home)


def joints(stamp, angle):
    return RobotState.of_joints(stamp, (np.full(6, angle),), np.ones(1))


def test_joints_whose_velocity_nobody_tells_rest_once_they_were_seen_twice_in_one_place():
    standstill = Standstill()
    standstill.note_measured(first := joints(0.0, 0.5))
    assert "got inf rad/s" in str(standstill.fault(first))
    standstill.note_measured(second := joints(0.1, 0.55))
    assert "got 0.5 rad/s" in str(standstill.fault(second))
    standstill.note_measured(second)  # once more the same is nothing new
    assert "got 0.5 rad/s" in str(standstill.fault(second))
    standstill.note_measured(third := joints(0.2, 0.5515))  # the last digit of an encoder
    assert standstill.fault(third) is None


@pytest.mark.parametrize(("late", "repeats"), [(0.0, 0), (0.2, 5), (2.5, 5)])
def test_a_place_is_told_again_while_that_helps_and_no_more_than_a_few_times(late, repeats):
    standstill, now = Standstill(), 0.0
    standstill.note_sent(np.zeros((1, 6)), now, 1.0)
    standstill.note_sent(np.ones((1, 6)), now := now + 1.0, 1.0)
    standstill.note_sent(np.ones((1, 6)), now := now + 1.0 + late, 1.0)
    told = 0
    for _ in standstill.periods_to_rest(lambda: True):
        told += 1
        standstill.note_sent(np.ones((1, 6)), now := now + 1.0 + late, 1.0)
    assert told <= repeats
    assert standstill.creeping is (late > 1.0)
