"""The policy of the benchmark is a frozen one, and goes round."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.ahead.circling import RADIUS, CirclingPolicy
from real.tasks.files import load_preset
from real.tasks.layout import ObservationLayout
from zprl_env.steerable import faults_of_members

PRESET = load_preset("place-orange")


def test_it_goes_on_along_the_circle_from_wherever_the_arm_is():
    policy = CirclingPolicy(PRESET, 0.0, horizon=8, n_action_steps=4)
    assert not [*faults_of_members(policy)]
    seen = np.zeros((1, policy.observation_dim), np.float32)
    seen[0, ObservationLayout(PRESET).keys["position"]] = PRESET.arms[0].home.position
    seen[0, 0] += 0.05
    _, mean, std = policy.encode(seen)
    chunk = policy.decode(mean, np.zeros((1, 8, 8), np.float32))[0]
    places = PRESET.action_scale.position * chunk[:, :2]
    assert np.linalg.norm(places, axis=1) == pytest.approx(RADIUS, abs=1e-6)
    assert (np.diff(np.arctan2(*places.T[::-1])) > 0.0).all()
    assert not std.any()
