"""The control loop, on a robot that flies on if it is not told to come to rest."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from real.motion.emergency import Stop
from real.motion.loop import ControlLoop
from real.operators import Event, ScriptedOperator
from real.robot import RobotError
from real.tasks.coordinates import Coordinates
from real.tasks.files import load_preset
from tests.helpers.robots.checks import violations
from tests.helpers.robots.coasting import CoastingRobot, PunctualOperator

PRESET = load_preset("place-orange")
COORDINATES = Coordinates(PRESET)
HOME, PERIOD = COORDINATES.home, 1.0 / PRESET.control_rate
FAR = HOME.copy()
FAR[0, :3] += (0.1, 0.2, -0.1)


@pytest.fixture
def robot():
    return CoastingRobot(PRESET)


@pytest.fixture
def operator():
    return ScriptedOperator()


@pytest.fixture
def loop(robot, operator):
    loop = ControlLoop(robot, PRESET, operator)
    assert loop.locate()
    return loop


def run(loop, periods, target=FAR):
    return [loop.tick(target) for _ in range(periods)]


def stop_of(loop):
    """Who stopped the arms, and why."""
    return loop.emergency.stop.source, loop.emergency.stop.reason


def assert_limits_were_kept(robot):
    sent = [COORDINATES.command(HOME), *(command for _, command in robot.commands)]
    assert violations(sent, PRESET) == []


def test_a_tick_is_one_command_and_they_come_at_the_control_rate(loop, robot):
    assert run(loop, 20) == [True] * 20
    stamps, commands = zip(*robot.commands, strict=True)
    np.testing.assert_allclose(np.diff(stamps), PERIOD, atol=1e-9)
    assert [tick.stamp for tick in loop.ticks] == [*stamps]
    assert [tick.command for tick in loop.ticks] == [*commands]
    assert_limits_were_kept(robot)


def test_a_tick_ends_with_its_period_and_what_is_measured_then(loop, robot):
    run(loop, 20)
    for tick in loop.ticks:
        assert tick.state.stamp == pytest.approx(tick.stamp + PERIOD)
        np.testing.assert_allclose(tick.state.position, tick.command.position, atol=1e-9)
    assert loop.state is loop.ticks[-1].state
    np.testing.assert_array_equal(loop.filtered[-1].target, FAR)


def test_in_silence_this_robot_flies_on(loop, robot):
    run(loop, 20)
    speed = np.linalg.norm(robot.state().linear_velocity)
    assert speed > 0.3
    assert robot.moved_within(2.0) == pytest.approx(2.0 * speed)


def test_settling_leaves_no_more_than_the_last_period_s_creep_and_keeps_the_limits(loop, robot):
    run(loop, 20)
    assert loop.settle()
    # Braking ends with v = j t^2 / 2, t before rest, whose mean over a period is j T^2 / 6.
    creep = PRESET.arms[0].safety.jerk * PERIOD**2 / 6.0
    assert robot.moved_within(1.0) <= np.sqrt(3.0) * creep
    assert_limits_were_kept(robot)


def test_what_has_settled_is_sent_nothing_more(loop, robot):
    run(loop, 20)
    loop.settle()
    sent = len(robot.commands)
    assert loop.settle()
    assert len(robot.commands) == sent


def test_a_refusal_stops_the_arms_at_once_and_nothing_is_sent_afterwards(loop, robot):
    run(loop, 20)
    robot.broken["command"] = RobotError("The robot is in reflex mode.")
    assert not loop.tick(FAR)
    assert loop.emergency.stop == Stop("driver", "The robot is in reflex mode.", robot.stops[0])
    assert loop.ticks[-1].command is None
    robot.broken.clear()
    sent = len(robot.commands)
    assert run(loop, 5) == [False] * 5
    assert not loop.settle()
    assert len(robot.commands) == sent
    assert robot.moved_within(10.0) == 0.0


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda s: replace(s, gripper=np.array([np.nan])), r"gripper must be finite"),
        (lambda s: replace(s, stamp=s.stamp - 0.3), "must be at most 0.25 s old; got 0.300 s"),
        (lambda s: replace(s, position=1.5 * s.position), "m of where it was sent; got 0."),
    ],
)
def test_a_measurement_that_cannot_be_stops_the_arms_within_its_period(spoil, reason, loop, robot):
    run(loop, 20)
    good, robot.spoil = loop.state, spoil
    assert not loop.tick(FAR)
    source, told = stop_of(loop)
    assert source == "watchdog"
    assert reason in told
    assert robot.stops[0] == pytest.approx(robot.commands[-1][0] + PERIOD)
    assert loop.state is good
    assert robot.moved_within(10.0) == 0.0


def test_a_connection_that_breaks_is_the_driver_s_failure(loop, robot):
    run(loop, 20)
    robot.broken["state"] = ConnectionResetError("reset by peer")
    assert not loop.tick(FAR)
    assert stop_of(loop) == ("driver", "reset by peer")
    assert robot.moved_within(10.0) == 0.0


def test_as_many_deadlines_may_be_missed_as_the_preset_says_and_no_more(loop, robot):
    assert PRESET.watchdog.max_missed_deadlines == 6
    run(loop, 20)
    robot.clock.sleep_until(robot.clock.now() + 6 * PERIOD)
    assert loop.tick(FAR)
    assert loop.tick(FAR)  # in time, so that the count begins anew
    robot.clock.sleep_until(robot.clock.now() + 7 * PERIOD)
    assert not loop.tick(FAR)
    source, reason = stop_of(loop)
    assert source == "watchdog"
    assert reason.startswith("at most 6 deadlines in a row may be missed; got 7, for the caller")
    assert "inference=ahead" in reason
    assert robot.moved_within(10.0) == 0.0


def test_ctrl_c_stops_the_arms_and_goes_on_to_the_caller(robot):
    class Interrupted(ScriptedOperator):
        def poll(self):
            if robot.clock.now() > 0.3:
                raise KeyboardInterrupt
            return super().poll()

    loop = ControlLoop(robot, PRESET, Interrupted())
    loop.locate()
    with pytest.raises(KeyboardInterrupt):
        run(loop, 30)
    assert len(robot.commands) > 15
    assert stop_of(loop) == ("software", "KeyboardInterrupt: ")
    assert robot.moved_within(10.0) == 0.0


def test_a_stop_that_the_robot_was_not_told_says_so(loop, robot, operator):
    robot.broken["stop"] = RobotError("no answer")
    operator.say(Event.STOP)
    assert not loop.tick(FAR)
    assert stop_of(loop)[1] == (
        "the operator stopped the arms; the robot could not be told to stop: no answer"
    )


def test_who_halts_again_tells_the_robot_again_but_the_first_reason_stays(loop, robot):
    loop.halt("watchdog", "too old")
    loop.halt("operator", "the operator stopped the arms")
    assert len(robot.stops) == 2
    assert stop_of(loop)[1] == "too old"


def test_after_a_release_it_moves_again(loop, robot, operator):
    run(loop, 10)
    operator.say(Event.STOP)
    assert not loop.tick(FAR)
    loop.emergency.release()
    assert loop.locate()
    np.testing.assert_allclose(loop.filter.coordinates[:, :3], robot.state().position, atol=1e-12)
    assert run(loop, 10) == [True] * 10


def test_the_first_verdict_counts_and_comes_with_its_time(loop, robot, operator):
    run(loop, 2)
    operator.say(Event.SUCCESS, Event.FAILURE)
    now = robot.clock.now()
    assert loop.tick(FAR)
    assert loop.verdict is Event.SUCCESS
    assert loop.events == [(pytest.approx(now), Event.SUCCESS)]
    loop.forget()
    assert (loop.verdict, loop.events, loop.ticks, loop.filtered) == (None, [], [], [])


def test_a_pause_brings_the_arms_to_rest_and_then_they_go_on(robot):
    operator = PunctualOperator(robot.clock, {0.4: Event.PAUSE, 3.0: Event.RESUME})
    loop = ControlLoop(robot, PRESET, operator)
    loop.locate()
    while robot.clock.now() < 0.4 + PERIOD:
        assert loop.tick(FAR)
    assert robot.clock.now() == pytest.approx(3.0, abs=3 * PERIOD)
    waiting = [command.position for stamp, command in robot.commands if 1.0 < stamp < 2.9]
    assert len(waiting) > 100
    assert np.ptp(waiting, axis=0).max() < 1e-9
    assert all(run(loop, 120))
    np.testing.assert_allclose(robot.state().position, FAR[:, :3], atol=1e-6)
    assert_limits_were_kept(robot)


def test_a_pause_ends_with_the_operator_s_patience_and_the_arms_at_rest(robot):
    operator = PunctualOperator(robot.clock, {0.4: Event.PAUSE}, patience=2.0)
    loop = ControlLoop(robot, PRESET, operator)
    loop.locate()
    assert not all(run(loop, 30))
    assert stop_of(loop) == ("operator", "a pause may last 2 s")
    assert robot.stops == [pytest.approx(2.4, abs=3 * PERIOD)]
    assert robot.moved_within(10.0) < 1e-9


def test_a_scene_that_cannot_be_asked_is_the_driver_s_failure(robot):
    class Blind(ScriptedOperator):
        def poll(self):
            raise RobotError("no scene")

    loop = ControlLoop(robot, PRESET, Blind())
    assert not loop.tick(FAR)
    assert stop_of(loop) == ("driver", "no scene")
    assert robot.commands == []


def test_it_begins_from_where_the_arms_are_found(robot, operator):
    robot.place(FAR)
    loop = ControlLoop(robot, PRESET, operator)
    assert loop.locate()
    np.testing.assert_allclose(loop.filter.coordinates, FAR, atol=1e-12)
    assert loop.filter.at_rest


def test_arms_that_are_not_where_they_were_put_are_stopped(loop, robot):
    robot.place(FAR)
    assert not loop.begin_at(HOME)
    assert stop_of(loop)[1] == "an arm must be within 0.1 m of where it was sent; got 0.245 m"


def test_where_nothing_can_be_measured_nothing_begins(robot, operator):
    robot.broken["state"] = RobotError("no measurement yet")
    loop = ControlLoop(robot, PRESET, operator)
    assert not loop.locate()
    assert loop.state is None
    assert stop_of(loop)[1] == "no measurement yet"


def test_a_loop_that_was_stopped_in_motion_does_not_brake_arms_that_another_one_has(loop, robot):
    run(loop, 20)
    loop.halt("operator", "SPACE")
    other = ControlLoop(robot, PRESET, ScriptedOperator(), loop.arms)
    loop.arms.mover = loop
    other.take_turn()
    other.release()
    robot.clock.sleep_until(robot.clock.now() + 1.0)
    assert not loop.forsaken
    loop.take_turn()
    assert not loop.forsaken
    sent = len(robot.commands)
    assert loop.settle()
    assert len(robot.commands) == sent
    for one in (loop, other):
        one._beside.close()


def test_arms_that_were_forsaken_are_not_braked_as_if_they_still_flew(loop, robot):
    run(loop, 20)
    robot.clock.sleep_until(robot.clock.now() + 1.0)
    sent, robot.broken["state"] = len(robot.commands), SystemExit(143)
    with pytest.raises(SystemExit):  # a signal, between the stop and the measurement
        loop.settle()
    assert len(robot.commands) == sent
    assert robot.moved_within(1.0) == 0.0


def test_whoever_could_not_tell_the_driver_the_arms_are_braked_by_whoever_moves_them(loop, robot):
    other = ControlLoop(robot, PRESET, ScriptedOperator(), loop.arms)
    run(loop, 20)
    robot.broken["stop"] = RuntimeError("cannot be told")
    other.halt("operator", "SPACE", beside=True)
    assert not loop.tick(FAR)
    assert np.linalg.norm(robot.state().linear_velocity) < 1e-9
    assert_limits_were_kept(robot)


def test_arms_whose_last_step_ended_at_rest_are_told_so_once_more_and_do_not_creep_on(loop, robot):
    loop.tick(FAR)
    while not loop.filter.at_rest:
        loop.tick(FAR)
    assert not loop.filter.told_to_rest
    assert loop.settle()
    robot.moved_within(PERIOD)
    assert loop.filter.told_to_rest
    assert robot.moved_within(1.0) < 1e-6
    sent = len(robot.commands)
    assert loop.settle()
    assert len(robot.commands) == sent


class Dawdling(CoastingRobot):
    """Takes some of its commands late."""

    lateness: Iterator[float] = itertools.repeat(0.0)

    def command(self, command):
        self.clock.sleep_until(self.clock.now() + next(self.lateness))
        super().command(command)


@pytest.mark.parametrize("late", [0.1, 0.3, 0.7])
@pytest.mark.parametrize("end", ["settle", "finish", "untold"])
def test_arms_that_were_told_late_to_rest_do_not_creep_on_whoever_brakes_them(end, late):
    robot = Dawdling(PRESET)
    loop = ControlLoop(robot, PRESET, ScriptedOperator())
    loop.locate()
    run(loop, 20)
    if end == "untold":
        robot.broken["stop"] = RuntimeError("cannot be told")
    robot.lateness = itertools.cycle([late * PERIOD, 0.0])
    if end == "untold":
        loop.halt("operator", "SPACE")
        loop.tick(FAR)
    else:
        getattr(loop, end)()
    robot.moved_within(PERIOD)
    assert robot.moved_within(10.0) < 2e-3
    loop._beside.close()


@pytest.mark.parametrize("late", [2.5, 20.0])
def test_a_driver_that_is_always_late_is_told_to_hold_still_after_a_few_times(late):
    robot = Dawdling(PRESET)
    loop = ControlLoop(robot, PRESET, ScriptedOperator())
    loop.locate()
    run(loop, 20)
    robot.lateness = itertools.repeat(late * PERIOD)
    loop.settle()
    assert robot.moved_within(10.0) == 0.0
    assert robot.calls[-1] == "stop"
    loop._beside.close()


@pytest.mark.parametrize("late", [0.5, 20.0])
def test_arms_that_creep_while_a_learner_thinks_are_told_to_rest_again_and_not_stopped(late):
    robot = Dawdling(PRESET)
    loop = ControlLoop(robot, PRESET, ScriptedOperator())
    loop.locate()
    run(loop, 20)
    while not loop.filter.told_to_rest:
        robot.lateness = itertools.repeat(0.7 * PERIOD if loop.filter.at_rest else 0.0)
        assert loop.hold()
    assert robot.moved_within(1.0) > 5e-4  # with nobody to tell it anything
    assert loop.forsaken
    robot.lateness = itertools.chain([late * PERIOD] * 9, itertools.repeat(0.0))
    loop.brake_forsaken()
    robot.moved_within(PERIOD)
    assert robot.moved_within(1.0) < 2e-4
    assert not loop.forsaken
    assert not loop.emergency.latched
    loop._beside.close()
