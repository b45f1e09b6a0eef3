"""Tools stay in their box where joints are commanded."""

from __future__ import annotations

import numpy as np

from real.motion.box import ToolBox
from real.tasks.coordinates import coordinates_of
from real.tasks.files import load_preset
from real.tasks.kinematics import ArmKinematics

PRESET = load_preset("place-orange-joints")
HOME = coordinates_of(PRESET).home


def test_a_place_outside_becomes_one_inside_that_is_near():
    box, (arm,) = ToolBox(PRESET), PRESET.arms
    kinematics, rng, outside = ArmKinematics(arm), np.random.default_rng(0), 0
    low, high, limits = np.array(arm.safety.low), np.array(arm.safety.high), arm.joint_limits
    for _ in range(40):
        place = HOME.copy()
        place[0, :-1] = np.clip(place[0, :-1] + rng.uniform(-0.5, 0.5, 7), limits.low, limits.high)
        found = box.nearest(place)
        if found is None:
            continue
        there = kinematics.position(found[0, :-1])
        assert (there >= low - 1e-9).all()
        assert (there <= high + 1e-9).all()
        assert (found[0, :-1] >= limits.low).all()
        assert (found[0, :-1] <= limits.high).all()
        outside += not np.allclose(found, place)
    assert outside > 10


def test_a_place_inside_is_left_as_it_is():
    assert np.array_equal(ToolBox(PRESET).nearest(HOME), HOME)  # type: ignore[arg-type]


def test_a_way_may_not_lead_out_and_what_is_out_may_come_back():
    box, joints = ToolBox(PRESET), HOME[:, :-1]
    down = joints.copy()
    down[0, 1] += 0.9
    assert box.holds([joints], joints)
    assert not box.holds([joints, down], joints)
    assert box.holds([0.5 * (down + joints)], down) or box.holds([joints], down)
