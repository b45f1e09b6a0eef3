"""Actions are carried out in control periods, from where the last one sent the arms."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.tools.coasting import CoastingRobot
from real.motion.loop import ControlLoop
from real.operators import ScriptedOperator
from real.people.carrier import Carrier
from real.tasks.files import load_preset
from real.tasks.layout import ActionLayout

PRESET = load_preset("place-orange")
SLOW = np.array([0.05, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0], np.float32)


@pytest.fixture
def loop():
    loop = ControlLoop(CoastingRobot(PRESET), PRESET, ScriptedOperator())
    assert loop.locate()
    return loop


@pytest.fixture
def carrier(loop):
    return Carrier(loop, ActionLayout(PRESET), PRESET.ticks)


def test_an_action_takes_its_periods_and_what_was_carried_out_of_it_is_told(loop, carrier):
    carried = carrier.carry(SLOW)
    assert len(loop.filtered) == PRESET.ticks
    assert carried.asked is SLOW
    assert not carried.by_person
    assert 0.0 < carried.executed[0] <= SLOW[0] + 1e-6  # from rest, within the limits


def test_what_is_asked_for_again_is_arrived_at(loop, carrier):
    target = ActionLayout(PRESET).target(SLOW, ActionLayout(PRESET).home)
    for _ in range(30):
        carried = carrier.carry(SLOW)
    np.testing.assert_allclose(loop.filter.coordinates, target, atol=1e-6)
    np.testing.assert_allclose(carried.executed[:3], SLOW[:3], atol=1e-6)


def test_stopped_arms_carry_nothing_out(loop, carrier):
    loop.halt("operator", "stop")
    sent = len(loop.robot.commands)
    carried = carrier.carry(SLOW)
    assert carried.executed[0] == 0.0
    assert len(loop.robot.commands) == sent
