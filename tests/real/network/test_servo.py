"""What a served arm's robot is told keeps the limits by itself, from the first command on."""

from __future__ import annotations

import numpy as np
import pytest

from real.motion.safety import SafetyFilter
from real.network.servo import Servo
from real.robot import RobotCommand, RobotState
from real.tasks.coordinates import Coordinates
from real.tasks.files import load_preset
from tests.helpers.robots.checks import violations

PRESET = load_preset("place-orange")
PERIOD = 1.0 / PRESET.control_rate
NOISE = 2e-4
"""Deviation of a measurement [m or rad]."""


def measured(rng) -> RobotState:
    """An arm at home, as it is measured."""
    coordinates = Coordinates(PRESET)
    here = coordinates.home + NOISE * rng.standard_normal((1, 7)) * [1, 1, 1, 1, 1, 1, 0]
    command = coordinates.command(here)
    still = np.zeros((1, 3))
    return RobotState(0.0, command.position, command.quaternion, still, still, command.gripper)


@pytest.mark.parametrize("seed", range(5))
def test_the_first_command_is_where_the_arm_is_and_all_keep_the_limits(seed):
    rng = np.random.default_rng(seed)
    servo, client = Servo(PRESET, 0), SafetyFilter(PRESET.tightened())
    began, sent = measured(rng), measured(rng)  # by the server, and by its client
    servo.find(began)
    client.restart(Coordinates(PRESET).of(sent))
    goal = client.coordinates + rng.uniform(-0.1, 0.1, (1, 7))
    commands = []
    for period in range(120):
        servo.send(client.advance(goal).coordinates[0, :6])
        assert servo.is_due(period * PERIOD)
        servo.advance(period * PERIOD)
        commands.append(servo.command())
    (first, *_) = commands
    assert isinstance(first, RobotCommand)
    np.testing.assert_allclose(first.position, began.position, atol=1e-12)
    assert not violations(commands, PRESET)
    np.testing.assert_allclose(servo.filter.coordinates[:, :6], client.coordinates[:, :6])


def test_the_last_command_of_a_way_is_said_twice_so_that_no_arm_creeps_on():
    servo, rng = Servo(PRESET, 0), np.random.default_rng(0)
    servo.find(measured(rng))
    servo.send(Coordinates(PRESET).home[0, :6] + [0.1, 0, 0, 0, 0, 0])
    said = []
    for period in range(300):
        if not servo.moving:
            break
        servo.advance(period * PERIOD)
        command = servo.command()
        assert isinstance(command, RobotCommand)
        said.append(command.position[0])
    assert len(said) > 10
    np.testing.assert_allclose(said[-1], said[-2], rtol=0, atol=1e-9)
