"""Limits are measured by finite differences of commands alone."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.tools.limits import extremes, violations
from real.motion.safety import SafetyFilter
from real.tasks.coordinates import coordinates_of
from real.tasks.files import load_preset

PRESET = load_preset("place-orange")
COORDINATES = coordinates_of(PRESET)


def filtered(periods=120):
    safety, goal = SafetyFilter(PRESET), COORDINATES.home.copy()
    safety.restart(COORDINATES.home)
    goal[0, 0] += 0.05
    ways = [COORDINATES.home, *(safety.advance(goal).coordinates for _ in range(periods))]
    return [COORDINATES.command(way.copy()) for way in ways]


def test_what_the_filter_lets_through_breaks_nothing():
    assert violations(filtered(), PRESET) == []
    assert all(one.kept and one.size > 0 for one in extremes(filtered(), PRESET)[3:6:2])


@pytest.mark.parametrize(
    ("metres", "broken"), [(0.02, "velocity is"), (1.0, "position is 0."), (np.nan, "position")]
)
def test_a_jump_is_found(metres, broken):
    commands = filtered()
    commands[60].position[0, 0] += metres
    assert any(broken in words for words in violations(commands, PRESET))


def test_a_stretch_that_begins_with_a_period_s_motion_keeps_what_the_whole_way_does():
    begun = filtered()[1:]
    assert any("jerk" in words for words in violations(begun, PRESET))  # as if from a jump
    assert all(one.kept for one in extremes(begun, PRESET, begun=True))
    assert all(one.kept for one in extremes(begun[:1], PRESET, begun=True))
    sudden = [command for number, command in enumerate(filtered()) if number != 1]
    assert not all(one.kept for one in extremes(sudden[1:], PRESET, begun=True))
