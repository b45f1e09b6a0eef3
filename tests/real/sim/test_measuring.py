"""Sensors say what is there, and err as much as this module's constants."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from real.sim import measuring
from real.sim.measuring import Sensors


@pytest.fixture
def world(world_of):
    return world_of("open-box")


def errors(world, noise, number=400):
    """What sensors are off by in so many measurements, part by part."""
    exact = Sensors(world, 0.0).measure(np.random.default_rng(0), 0.0)
    sensors, rng = Sensors(world, noise), np.random.default_rng(1)
    off: dict[str, list[np.ndarray]] = {}
    for _ in range(number):
        state = sensors.measure(rng, 0.0)
        for name in ("position", "linear_velocity", "angular_velocity"):
            off.setdefault(name, []).append(getattr(state, name) - getattr(exact, name))
        off.setdefault("joints", []).append(np.subtract(state.joints, exact.joints))
        off.setdefault("quaternion", []).append(turns(state.quaternion, exact.quaternion))
        pairs = [(state.objects[name], exact.objects[name]) for name in exact.objects]
        off.setdefault("object", []).append(np.array([a[:3] - b[:3] for a, b in pairs]))
        off.setdefault("object turn", []).append(np.array([turns(a[3:], b[3:]) for a, b in pairs]))
    return {name: np.array(values) for name, values in off.items()}


def turns(one, other):
    ours, theirs = (Rotation.from_quat(np.roll(q, -1, axis=-1)) for q in (one, other))
    return (theirs.inv() * ours).as_rotvec()


def test_without_noise_it_is_what_is_there(world):
    world.arms[0].command[1] += 0.05
    world.step(50)
    state = Sensors(world, 0.0).measure(np.random.default_rng(0), stamp=3.5)
    assert state.stamp == 3.5
    for index, arm in enumerate(world.arms):
        np.testing.assert_array_equal(state.position[index], arm.pose[:3])
        np.testing.assert_allclose(state.quaternion[index], arm.pose[3:], atol=1e-15)
        np.testing.assert_array_equal(state.linear_velocity[index], arm.velocity[:3])
        np.testing.assert_array_equal(state.angular_velocity[index], arm.velocity[3:])
        np.testing.assert_array_equal(state.joints[index], arm.joints)
        assert state.gripper[index] == arm.measured_opening
    for name, pose in world.object_poses().items():
        np.testing.assert_allclose(state.objects[name], pose, atol=1e-15)


def test_noise_has_the_deviations_that_are_written_down_and_no_bias(world):
    deviations = {
        "position": measuring.POSITION,
        "quaternion": measuring.ROTATION,
        "linear_velocity": measuring.LINEAR,
        "angular_velocity": measuring.ANGULAR,
        "joints": measuring.JOINT,
        "object": measuring.OBJECT,
        "object turn": measuring.OBJECT_ROTATION,
    }
    for name, values in errors(world, noise=1.0).items():
        deviation = deviations[name]
        assert values.std() == pytest.approx(deviation, rel=0.1), name
        assert abs(values.mean()) < 5 * deviation / np.sqrt(values.size), name


def test_the_level_of_noise_is_a_factor(world):
    once, thrice = errors(world, 1.0, 20), errors(world, 3.0, 20)
    for name, values in once.items():
        np.testing.assert_allclose(thrice[name], 3.0 * values, rtol=1e-3, atol=1e-9)


def test_what_is_measured_stays_possible(world):
    sensors, rng = Sensors(world, noise=50.0), np.random.default_rng(0)
    states = [sensors.measure(rng, 0.0) for _ in range(50)]
    grippers = np.array([state.gripper for state in states])
    assert grippers.min() >= 0.0
    assert grippers.max() == 1.0  # of open ones, and never above
    quaternions = np.array([state.quaternion for state in states])
    np.testing.assert_allclose(np.linalg.norm(quaternions, axis=-1), 1.0, atol=1e-12)


def test_the_same_generator_measures_the_same_and_nothing_is_shared(world):
    sensors = Sensors(world, 1.0)
    first, second = (sensors.measure(np.random.default_rng(3), 0.0) for _ in range(2))
    np.testing.assert_array_equal(first.position, second.position)
    first.position[:] = first.objects["box"][:] = np.nan
    assert np.isfinite(second.position).all()
    assert np.isfinite(world.object_poses()["box"]).all()
