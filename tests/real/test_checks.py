"""What moves arms for the conformance suite waits for those that need it, and for no others."""

from __future__ import annotations

import numpy as np
import pytest

from real import checks
from real.drivers.ideal import IdealRobot
from real.tasks.coordinates import Coordinates
from real.tasks.files import load_preset

PRESET = load_preset("place-orange")


class Late(IdealRobot):
    """Is where it was sent half a second ago."""

    def __init__(self, preset):
        super().__init__(preset)
        self._line = []

    def command(self, command):
        self._line.append(command)
        super().command(self._line[max(0, len(self._line) - 31)])


@pytest.mark.parametrize("robot", [IdealRobot, Late])
def test_arms_are_there_when_they_have_been_moved(robot):
    arm = robot(PRESET)
    arm.connect()
    goal = Coordinates(PRESET).home
    goal[:, 2] += checks.REACH
    checks.move(arm, PRESET, goal)
    assert checks.how_far(PRESET, arm.state(), goal) < 0.3 * checks.NEAR
    assert (arm.clock.now() > 0.8) == (robot is Late)


def test_what_was_sent_is_told_beside_what_was_measured():
    arm = IdealRobot(PRESET)
    arm.connect()
    goal = Coordinates(PRESET).home
    goal[:, 0] += checks.REACH
    states, sent = checks.move_for(arm, PRESET, goal, 0.5)
    assert len(states) == len(sent) == 30
    np.testing.assert_allclose([state.position for state in states], sent[:, :, :3], atol=1e-12)
