"""A robot that is told nothing flies on; an operator keeps appointments."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.tools.coasting import CoastingRobot, PunctualOperator
from real.clock import SimulatedClock
from real.operators import Event
from real.tasks.coordinates import coordinates_of
from real.tasks.files import load_preset

PRESET = load_preset("place-orange")
COORDINATES = coordinates_of(PRESET)


def test_in_silence_it_keeps_its_velocity_until_it_is_stopped():
    robot, goal = CoastingRobot(PRESET), COORDINATES.home.copy()
    goal[0, 0] += 0.005
    robot.command(COORDINATES.command(goal))
    period = 1.0 / PRESET.control_rate
    assert robot.moved_within(1.0) == pytest.approx(0.005 / period)
    robot.stop()
    assert robot.moved_within(1.0) == 0.0
    assert np.abs(robot.state().linear_velocity).max() == 0.0


def test_the_operator_says_what_is_due():
    clock = SimulatedClock()
    operator = PunctualOperator(clock, {2.0: Event.FAILURE, 1.0: Event.STOP})
    assert [*operator.poll()] == []
    clock.sleep_until(1.5)
    assert [*operator.poll()] == [Event.STOP]
    clock.sleep_until(3.0)
    assert [*operator.poll()] == [Event.FAILURE]
