"""The pen is turned by a few practised motions, chosen by where it should point."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("gymnasium_robotics", reason="needs the adroit extra")

from zprl_env.experts import Quality
from zprl_env.experts.adroit.pen import (
    Motion,
    axis_of,
    from_document,
    practised_motions,
    tilt_of,
    to_document,
)


def test_a_dropped_pen_ends_the_demonstration(stages):
    expert = stages["pen"].expert
    expert.reset(Quality())
    seen = {"target_axis": np.array([0.0, 0.0, 1.0]), "pen_pos": np.array([0.0, -0.2, 0.25])}
    held = expert.act(seen)
    assert not expert.gave_up
    np.testing.assert_array_equal(expert.act({**seen, "pen_pos": np.zeros(3)}), held)
    assert expert.gave_up


def test_tilts_are_those_the_targets_are_drawn_from(stages):
    env = stages["pen"].env.unwrapped
    for seed in range(20):
        target = env.reset(seed=seed)[0][env.observation_keys["target_axis"]]
        tilt = tilt_of(target)
        assert np.abs(tilt).max() <= 1.0
        np.testing.assert_allclose(axis_of(tilt), target, atol=1e-6)


def test_a_motion_goes_straight_from_posture_to_posture_and_stays():
    postures = np.stack([np.full(24, 1.0), np.full(24, -1.0)])
    joints = Motion(np.array([2, 4]), postures, np.zeros((1, 3))).joints(8)
    np.testing.assert_allclose(joints[:, 0], [0.5, 1.0, 0.5, 0.0, -0.5, -1.0, -1.0, -1.0])


def test_a_motion_suits_a_target_by_how_long_and_how_well_it_points_there():
    up, aside = np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.0, 0.0])
    motion = Motion(np.array([1]), np.zeros((1, 24)), np.array([up, up, 0.96 * up, 0 * up]))
    assert motion.suits(up) == pytest.approx(0.05 + 0.05 + 0.01 + 1e-3)
    assert motion.suits(aside) == 0.0


def test_motions_survive_json():
    for before, after in zip(
        practised_motions(), from_document(to_document(practised_motions())), strict=True
    ):
        for one, two in zip(before, after, strict=True):
            np.testing.assert_array_equal(one, two)
