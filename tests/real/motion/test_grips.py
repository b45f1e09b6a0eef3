"""Grippers: continuous ones by their speed, binary ones once per change and not too often."""

from __future__ import annotations

import numpy as np

from real.motion.grips import Grips
from real.tasks.files import load_preset


def test_a_binary_hand_is_told_once_per_change_and_rests_between_two():
    preset = load_preset("flip-egg")
    grips, rng = Grips(preset), np.random.default_rng(0)
    pause = preset.arms[0].gripping.pause * preset.control_rate
    now, changes = grips.begin(np.ones(1)), []
    for period in range(2000):
        goal = grips.goal(rng.uniform(0.0, 1.0, 1), now)
        following = grips.advance(now, goal, 1.0)
        assert following.item() in (0.0, 1.0)
        if following != now:
            changes.append(period)
        now = following
    assert len(changes) > 10
    assert min(np.diff(changes)) >= pause - 1e-6


def test_between_its_two_thresholds_it_stays_as_it_is():
    grips = Grips(load_preset("flip-egg"))
    for now in (0.0, 1.0):
        assert grips.goal(np.array([0.5]), np.array([now])).item() == now


def test_a_hand_that_holds_something_is_where_it_was_told_to_be():
    grips = Grips(load_preset("flip-egg"))
    grips.advance(np.ones(1), np.zeros(1), 1.0)
    assert grips.begin(np.array([0.45])).item() == 0.0


def test_a_continuous_one_follows_with_its_speed():
    preset = load_preset("place-orange")
    grips = Grips(preset)
    most = preset.arms[0].safety.gripper_velocity / preset.control_rate
    assert grips.goal(np.array([0.37]), np.ones(1)).item() == 0.37
    np.testing.assert_allclose(grips.advance(np.ones(1), np.zeros(1), 1.0), 1.0 - most)
    np.testing.assert_allclose(grips.advance(np.ones(1), np.zeros(1), 0.5), 1.0 - most / 2)


def test_one_that_holds_what_is_thin_is_shut_all_the_way_and_follows_all_else():
    grips = Grips(load_preset("insert-bills"))
    wanted = np.array([0.04, 0.4])  # by a policy whose noise holds it open by a hair, and a release
    assert grips.goal(wanted, np.zeros(2)).tolist() == [0.0, 0.4]
    assert grips.begin(wanted).tolist() == wanted.tolist()
