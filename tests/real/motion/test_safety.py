"""The filter's motions are the quickest that the limits allow, and end inside the box."""

from __future__ import annotations

import math

import numpy as np
import pytest

from real.motion.safety import Filtered, SafetyFilter, changes
from real.tasks.coordinates import Coordinates
from real.tasks.files import load_preset
from tests.helpers.robots.checks import violations

PRESET = load_preset("place-orange")
LIMITS = PRESET.arms[0].safety
COORDINATES = Coordinates(PRESET)
HOME, RATE = COORDINATES.home, PRESET.control_rate
RAMP = LIMITS.velocity / LIMITS.acceleration + LIMITS.acceleration / LIMITS.jerk
"""Time from rest to full speed, or back, when both are reached [s]."""


@pytest.fixture
def safety():
    return SafetyFilter(PRESET)


def away(**axes):
    target = HOME.copy()
    for name, value in axes.items():
        target[0, {"x": 0, "y": 1, "z": 2, "yaw": 5, "gripper": 6}[name]] += value
    return target


def commands(safety, target, periods, speed=1.0):
    return np.array([safety.advance(target, speed).coordinates for _ in range(periods)])


def test_it_begins_at_home_at_rest(safety):
    np.testing.assert_array_equal(safety.coordinates, HOME)
    assert safety.at_rest


def test_a_motion_takes_the_time_that_velocity_acceleration_and_jerk_leave(safety):
    distance = 0.15
    duration = distance / LIMITS.velocity + RAMP
    way = commands(safety, away(x=distance), math.ceil(duration * RATE) + 1)[:, 0, 0] - HOME[0, 0]
    arrived = np.abs(way - distance) < 1e-8
    assert np.flatnonzero(arrived)[0] + 1 == math.ceil(duration * RATE)
    assert safety.at_rest
    # In the middle it moves at full speed, and the way is as far as it is still to go.
    times = np.arange(1, len(way) + 1) / RATE
    middle = np.abs(times - duration / 2) < (duration / 2 - RAMP)
    along = distance / 2 + LIMITS.velocity * (times - duration / 2)
    assert middle.sum() > 5
    np.testing.assert_allclose(way[middle], along[middle], atol=2e-4)


def test_braking_from_full_speed_takes_the_ramp_s_way(safety):
    fast = commands(safety, away(y=10.0), 24)[:, 0, 1]
    assert (fast[-1] - fast[-2]) * RATE == pytest.approx(LIMITS.velocity, rel=1e-6)
    periods = math.ceil(RAMP * RATE)
    braked = [safety.brake().coordinates[0, 1] for _ in range(periods)]
    assert safety.at_rest
    assert braked[-1] - fast[-1] == pytest.approx(LIMITS.velocity * RAMP / 2, rel=1e-3)
    assert safety.brake().coordinates[0, 1] == pytest.approx(braked[-1], abs=1e-9)


def test_a_speed_is_a_fraction_of_the_velocities(safety):
    way = commands(safety, away(x=0.15, yaw=1.0, gripper=-1.0), 20, speed=0.3)
    moved = np.diff(way, axis=0).max(axis=0)[0] * RATE
    assert moved[0] == pytest.approx(0.3 * LIMITS.velocity, rel=1e-6)
    assert moved[5] == pytest.approx(0.3 * LIMITS.angular_velocity, rel=1e-6)
    closing = np.diff(way[:, 0, 6]) * RATE
    np.testing.assert_allclose(closing, -0.3 * LIMITS.gripper_velocity)


@pytest.mark.parametrize("seed", range(3))
def test_by_finite_differences_no_limit_is_broken_wherever_it_is_sent(seed, safety):
    rng, passed = np.random.default_rng(seed), [safety.coordinates.copy()]
    for _ in range(30):
        passed += [*commands(safety, HOME + rng.normal(0.0, 0.3, HOME.shape), 10)]
    assert violations([COORDINATES.command(place) for place in passed], PRESET) == []


def test_what_is_outside_ends_at_the_wall(safety):
    filtered = [safety.advance(away(x=10.0, z=-10.0)) for _ in range(200)][-1]
    np.testing.assert_allclose(filtered.coordinates[0, :3], [0.58, 0.0, 0.015], atol=2e-6)
    np.testing.assert_array_equal(filtered.target, away(x=10.0, z=-10.0))
    np.testing.assert_allclose(filtered.coordinates, filtered.goal, atol=1e-9)


def test_who_begins_outside_never_gets_further_out(safety):
    outside = away(x=0.3)  # 0.72 m, where the box ends at 0.58 m
    safety.restart(outside)
    way = commands(safety, away(x=10.0), 300)[:, 0, 0]
    assert way.max() <= outside[0, 0] + 1e-9
    assert way[-1] == pytest.approx(0.58, abs=1e-5)


@pytest.mark.parametrize(
    "nonsense", ["up", None, np.full((1, 7), np.nan), np.zeros(3), [[1], [2, 3]]]
)
def test_what_is_no_target_is_not_followed(nonsense, safety):
    safety.advance(away(x=0.05))
    filtered = safety.advance(nonsense)
    np.testing.assert_array_equal(filtered.target, away(x=0.05))
    np.testing.assert_array_equal(filtered.goal, away(x=0.05))


def test_what_is_given_out_may_be_written_to(safety):
    filtered = safety.advance(away(x=0.1))
    before = safety.coordinates.copy()
    filtered.coordinates[:] = np.nan
    np.testing.assert_array_equal(safety.coordinates, before)


def test_changes_are_the_largest_of_all_commands():
    nothing = Filtered(HOME, HOME, HOME)
    clipped = Filtered(HOME, away(x=0.2, yaw=-0.4), HOME)
    limited = Filtered(HOME, away(y=0.1, yaw=0.3), away(y=0.1, yaw=0.3))
    assert changes([nothing, clipped, limited]) == pytest.approx(
        {"clipped": 0.2, "clipped_rotation": 0.4, "limited": 0.1, "limited_rotation": 0.3}
    )
    assert set(changes([]).values()) == {0.0}
    assert set(changes([nothing]).values()) == {0.0}
