"""Coordinates are poses as numbers that mean the same for every arm."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from real.robot import RobotCommand
from real.tasks.coordinates import GRIPPER, MOTION, POSITION, ROTATION, Coordinates
from real.tasks.files import load_preset

PRESET = load_preset("open-box")


@pytest.fixture
def coordinates():
    return Coordinates(PRESET)


@pytest.fixture
def some(coordinates):
    """Poses about half a radian from home."""
    return coordinates.home + np.random.default_rng(0).uniform(-0.5, 0.5, coordinates.home.shape)


def test_an_arm_s_seven_numbers_are_position_rotation_and_opening():
    numbers = np.arange(7)
    assert numbers[POSITION].tolist() == [0, 1, 2]
    assert numbers[ROTATION].tolist() == [3, 4, 5]
    assert numbers[MOTION].tolist() == [0, 1, 2, 3, 4, 5]
    assert numbers[GRIPPER] == 6


def test_home_is_the_preset_s_with_no_rotation(coordinates):
    for numbers, arm in zip(coordinates.home, PRESET.arms, strict=True):
        assert numbers.tolist() == [*arm.home.position, 0.0, 0.0, 0.0, arm.home.gripper]


def test_coordinates_and_commands_are_the_same_thing(coordinates, some):
    np.testing.assert_allclose(coordinates.of(coordinates.command(some)), some, atol=1e-12)


def test_rotations_are_seen_from_the_home_orientation_as_scipy_has_it(coordinates, some):
    command = coordinates.command(some)
    for numbers, quaternion, arm in zip(some, command.quaternion, PRESET.arms, strict=True):
        home = Rotation.from_quat(np.roll(arm.home.quaternion, -1))
        turned = home * Rotation.from_rotvec(numbers[ROTATION])
        ours = Rotation.from_quat(np.roll(quaternion, -1))
        assert (ours.inv() * turned).magnitude() < 1e-12


def test_the_sign_of_a_quaternion_says_nothing(coordinates, some):
    command = coordinates.command(some)
    turned = RobotCommand(command.position, -command.quaternion, command.gripper)
    np.testing.assert_allclose(coordinates.of(turned), some, atol=1e-12)


def test_a_command_is_a_copy(coordinates, some):
    command, before = coordinates.command(some), some.copy()
    command.position[:] = command.gripper[:] = np.nan
    np.testing.assert_array_equal(some, before)
