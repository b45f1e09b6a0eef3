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
