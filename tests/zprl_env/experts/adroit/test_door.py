"""Hesitation costs time but not the door."""

from __future__ import annotations

import pytest

pytest.importorskip("gymnasium_robotics", reason="needs the adroit extra")

from zprl_env.experts import Quality
from zprl_env.experts.adroit.door import TURNED

FIRST_SEED = 1_000_000


def test_hesitation_costs_time_but_not_the_door(stages):
    plain = stages["door"].perform(FIRST_SEED, Quality())
    faults = Quality(pause_steps=8, overshoot=0.02, close_delay=4, regrasps=1)
    faulty = stages["door"].perform(FIRST_SEED, faults)
    assert faulty.success
    assert len(faulty.trajectory) > len(plain.trajectory) + 8


def test_the_handle_is_turned_before_the_door_is_pulled(stages):
    seen = stages["door"].perform(FIRST_SEED, Quality()).trajectory.observations
    opened = int((seen["hinge"][:, 0] > 0.1).argmax())
    assert opened > 0
    assert seen["latch"][:opened].max() > TURNED
