"""Limits of what moves: six axes of a pose, or joints in radians."""

from __future__ import annotations

import numpy as np

from real.tasks.axes import axes_of
from real.tasks.files import load_preset


def test_a_pose_has_three_axes_of_each_kind_and_two_arms_have_their_own():
    preset = load_preset("open-box")
    axes = axes_of(preset)
    for arm, settings in enumerate(preset.arms):
        limits = settings.safety
        assert axes.low[arm].tolist() == [*limits.low, *(-one for one in limits.rotation)]
        assert axes.jerk[arm].tolist() == [*[limits.jerk] * 3, *[limits.angular_jerk] * 3]
    assert axes.velocity.shape == (2, 6)


def test_joints_have_a_limit_each_in_radians():
    preset = load_preset("place-orange-joints")
    (arm,) = preset.arms
    degrees = arm.model_copy(update={"units": "degrees"})
    there = axes_of(preset.model_copy(update={"arms": (degrees,)}))
    here = axes_of(preset)
    for one, other in zip(here, there, strict=True):
        assert one.shape == (1, 7)
        np.testing.assert_allclose(other, np.pi / 180.0 * one)
