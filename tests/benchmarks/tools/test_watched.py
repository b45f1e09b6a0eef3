"""A watched driver notes its commands in stretches."""

from __future__ import annotations

from benchmarks.tools.watched import Watched, largest
from real.drivers.ideal import IdealRobot
from real.tasks.coordinates import coordinates_of
from real.tasks.files import load_preset

PRESET = load_preset("place-orange")


class WatchedIdeal(Watched, IdealRobot):  # type: ignore[misc]
    """An ideal robot whose commands are noted."""


def test_whatever_else_moves_or_holds_the_arms_ends_a_stretch():
    robot = WatchedIdeal(PRESET)
    robot.connect()
    robot.state()
    command = coordinates_of(PRESET).command(coordinates_of(PRESET).home)
    for _ in range(3):
        robot.command(command)
    robot.stop()
    robot.command(command)
    assert [len(stretch.commands) for stretch in robot.stretches] == [3, 1]
    assert len(robot.stopped) == 1
    assert all(one.kept for one in largest(robot.stretches, PRESET))


def test_a_first_command_far_from_where_the_arms_are_is_found():
    robot, coordinates = WatchedIdeal(PRESET), coordinates_of(PRESET)
    robot.connect()
    robot.state()
    away = coordinates.home.copy()
    away[0, 0] += 0.1
    robot.command(coordinates.command(away))
    (first,) = [one for one in largest(robot.stretches, PRESET) if one.name == "first step"]
    assert not first.kept


def _goes_on(robot, silence):
    """Come to rest, be 0.1 m behind, and be sent on from the last command after a silence."""
    coordinates, period = coordinates_of(PRESET), 1.0 / PRESET.control_rate
    robot.connect()
    robot.state()
    place = coordinates.home.copy()
    for _ in range(3):
        robot.command(coordinates.command(place))
        robot.clock.sleep_until(robot.clock.now() + period)
    behind = place.copy()
    behind[0, 0] -= 0.1
    robot._begin = lambda command: coordinates.command(behind)
    robot.clock.sleep_until(robot.clock.now() + silence)
    place[0, 0] += 1e-5
    robot.command(coordinates.command(place))
    assert len(robot.stretches) == 2
    return next(one for one in robot.stretches[1].extremes(PRESET) if one.name == "first step")


def test_arms_that_follow_behind_may_be_sent_on_at_once_and_not_after_a_silence():
    assert _goes_on(WatchedIdeal(PRESET), 0.0).kept
    assert not _goes_on(WatchedIdeal(PRESET), 0.2).kept
