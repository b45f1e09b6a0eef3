"""Our quaternions, w first, and scipy's are the same rotations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from real.tasks import rotation

VECTORS = st.lists(st.floats(-1.8, 1.8), min_size=3, max_size=3).map(np.array)
RNG = np.random.default_rng(0)
RANDOM = RNG.normal(size=(2, 5, 4))
"""Quaternions of any length."""


def scipys(quaternions):
    return Rotation.from_quat(np.roll(quaternions, -1, axis=-1).reshape(-1, 4))


@given(VECTORS, VECTORS)
def test_turning_twice_is_scipy_s(first, second):
    ours = rotation.multiply(rotation.from_vector(first), rotation.from_vector(second))
    theirs = Rotation.from_rotvec(first) * Rotation.from_rotvec(second)
    np.testing.assert_allclose(rotation.rows(ours), theirs.as_matrix()[:2].ravel(), atol=1e-12)
    difference = Rotation.from_rotvec(rotation.to_vector(ours)).inv() * theirs
    assert difference.magnitude() < 1e-7


def test_a_rotation_and_its_inverse_are_nothing():
    unit = RANDOM / np.linalg.norm(RANDOM, axis=-1, keepdims=True)
    nothing = rotation.multiply(rotation.inverse(unit), unit)
    np.testing.assert_allclose(nothing, np.broadcast_to([1.0, 0, 0, 0], unit.shape), atol=1e-12)


def test_of_any_length_and_in_any_batch_the_vector_is_scipy_s():
    ours = rotation.to_vector(RANDOM)
    assert ours.shape == (2, 5, 3)
    np.testing.assert_allclose(ours.reshape(-1, 3), scipys(RANDOM).as_rotvec(), atol=1e-12)


def test_both_signs_of_a_quaternion_are_one_rotation_of_at_most_half_a_turn():
    vectors = rotation.to_vector(RANDOM)
    np.testing.assert_allclose(rotation.to_vector(-RANDOM), vectors, atol=1e-12)
    assert (np.linalg.norm(vectors, axis=-1) <= np.pi + 1e-12).all()


@pytest.mark.parametrize("angle", [0.0, 1e-300, 1e-13, 1e-8, 1e-3, 3.0, np.pi - 1e-9])
def test_small_and_large_angles_are_found_again(angle):
    vector = angle * np.array([2.0, -1.0, 2.0]) / 3.0
    quaternion = rotation.from_vector(vector)
    assert np.linalg.norm(quaternion) == pytest.approx(1.0, abs=1e-15)
    np.testing.assert_allclose(rotation.to_vector(quaternion), vector, rtol=1e-7, atol=1e-30)


def test_the_first_two_rows_are_the_matrix_s():
    unit = (RANDOM / np.linalg.norm(RANDOM, axis=-1, keepdims=True)).reshape(-1, 4)
    matrices = scipys(unit).as_matrix()
    np.testing.assert_allclose(rotation.rows(unit), matrices[:, :2].reshape(-1, 6), atol=1e-12)
