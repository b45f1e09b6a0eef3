"""Kinds of robots have a task each, and shares that are one together."""

from __future__ import annotations

import pytest

from benchmarks.stopping.kinds import ROBOTS


def test_shares_are_one_together():
    assert sum(kind.share for kind in ROBOTS.values()) == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["coasting", "two arms, coasting", "ideal"])
def test_a_robot_is_made_of_its_task_pushed_and_left_at_rest(name):
    kind = ROBOTS[name]
    robot = kind.make(kind.preset)
    robot.connect()
    before = robot.state().position
    robot.push()
    assert abs(robot.state().position - before).max() == pytest.approx(0.15)
    robot.close()
    assert robot.left_with < kind.still
