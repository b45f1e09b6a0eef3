"""Faults happen when they are told to, and what they do to the arms is looked at from outside."""

from __future__ import annotations

import pytest

from benchmarks.stopping.causes import CAUSES
from benchmarks.stopping.faults import case, draw, safe, suffer
from benchmarks.stopping.kinds import ROBOTS
from benchmarks.stopping.phases import PHASES
from benchmarks.tools.coasting import CoastingRobot
from real.motion.emergency import EmergencyStop


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cause", "phase", "robot"),
    [
        ("SPACE", "homing", "coasting"),
        ("SIGTERM", "waiting", "two arms, coasting"),
        ("policy NaN", "chunk", "coasting"),
        ("policy raises", "between chunks", "coasting"),
        ("SPACE, stop() raises", "pause", "coasting"),
        ("learner raises", "gradient steps", "coasting"),
        ("sensor frozen", "evaluation", "ideal"),
        ("raised in the loop", "recording", "ideal"),
        ("moved by hand", "chunk", "ideal"),
        ("connection lost", "chunk", "served"),
    ],
)
def test_whatever_happens_nothing_unsafe_is_commanded_and_the_arms_are_left_at_rest(
    cause, phase, robot
):
    suffered = suffer(cause, phase, robot, seed=1)
    assert suffered["happened"]
    assert suffered["commands"] > 10
    assert safe(suffered), suffered


def test_the_same_seed_is_the_same_case_and_all_kinds_are_drawn():
    drawn = [draw(seed) for seed in range(500)]
    assert drawn == [draw(seed) for seed in range(500)]
    causes, phases, robots = (set(kinds) for kinds in zip(*drawn, strict=True))
    assert causes == {*CAUSES}
    assert phases == {*PHASES}
    assert robots == {name for name, kind in ROBOTS.items() if kind.share}
    again = [case(2) for _ in range(2)]
    assert again[0] == again[1]


def test_a_stop_that_does_not_latch_and_arms_that_fly_on_are_found(monkeypatch):
    monkeypatch.setattr(EmergencyStop, "trip", lambda *_, **__: True)
    monkeypatch.setattr(CoastingRobot, "stop", lambda self: None)
    suffered = suffer("commands refused", "chunk", "coasting", seed=1)
    assert not suffered["at_rest"]
    assert suffered["speed"] > 0.01
