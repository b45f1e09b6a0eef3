"""Torques against closed forms: an arm of unit inertia, and one that is singular."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from real.sim.impedance import follow, hold_joints

JOINTS = 6
IDENTITY = np.array([0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0])
# Of the kinds that a simulated arm has, for which the functions are compiled already.
WIDE = np.array([[-(10**9)] * JOINTS, [10**9] * JOINTS])
PLACES, MOTORS = np.arange(JOINTS, dtype=np.int32), np.arange(JOINTS)
STIFFNESS, DAMPING = np.full(6, 900.0), np.full(6, 60.0)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def torques(goal, command, share=1.0, *, velocity=None, bias=None, jacobian=None, limits=WIDE):
    """Of an arm whose joints are the hand's six coordinates, at the origin."""
    velocity = np.zeros(JOINTS) if velocity is None else velocity
    bias = np.zeros(JOINTS) if bias is None else bias
    ctrl = np.full(JOINTS, np.nan)
    follow(
        np.zeros(JOINTS),
        velocity,
        bias,
        ctrl,
        np.eye(JOINTS),
        np.eye(JOINTS) if jacobian is None else jacobian,
        np.zeros(3),
        np.eye(3).ravel(),
        goal,
        command,
        share,
        np.zeros(JOINTS),
        STIFFNESS,
        DAMPING,
        limits,
        PLACES,
        PLACES,
        MOTORS,
    )
    return ctrl


def pose(position, vector):
    return np.array([*position, *np.roll(Rotation.from_rotvec(vector).as_quat(), 1)])


def test_at_its_goal_at_rest_it_is_held_against_gravity_alone(rng):
    bias = rng.normal(size=JOINTS)
    held = torques(IDENTITY.copy(), IDENTITY.copy(), bias=bias)
    np.testing.assert_allclose(held, bias, atol=1e-12)


def test_the_hand_is_a_spring_and_a_damper(rng):
    bias, velocity, turn = rng.normal(size=JOINTS), rng.normal(size=JOINTS), 1e-4
    command = pose((0.01, -0.02, 0.03), (turn, -turn, 2 * turn))
    error = np.array([0.01, -0.02, 0.03, turn, -turn, 2 * turn])
    pulled = torques(command.copy(), command, velocity=velocity, bias=bias)
    expected = bias + 900.0 * error - 60.0 * velocity
    np.testing.assert_allclose(pulled, expected, atol=1e-8)


def test_no_motor_does_more_than_it_can_and_the_hand_is_pulled_the_same_way():
    command = pose((0.1, -0.2, 0.0), (0.0, 0.0, 0.0))
    narrow = np.array([[-9] * JOINTS, [9] * JOINTS])
    pulled = torques(command.copy(), command, limits=narrow)
    np.testing.assert_allclose(pulled, [4.5, -9.0, 0.0, 0.0, 0.0, 0.0], atol=1e-12)
    bias = np.array([0.0, 5.0, 0.0, -3.0, 0.0, 0.0])
    held = torques(command.copy(), command, limits=narrow, bias=bias)
    # Gravity is held by itself; of 9 N m towards -9 there are 14.
    share = 14.0 / 180.0
    np.testing.assert_allclose(held - bias, [share * 90.0, -14.0, 0, 0, 0, 0], atol=1e-12)


def test_a_motor_that_cannot_hold_its_arm_does_what_it_can():
    bias, command = np.array([12.0, 0, 0, 0, 0, 0]), pose((0.1, 0.2, 0.0), (0.0, 0.0, 0.0))
    narrow = np.array([[-9] * JOINTS, [9] * JOINTS])
    held = torques(command.copy(), command, limits=narrow, bias=bias)
    np.testing.assert_allclose(held, [9.0, 0.0, 0.0, 0.0, 0.0, 0.0], atol=1e-12)


def test_the_goal_goes_a_share_of_the_way_to_the_command():
    goal, command = pose((0.0, 0.0, 0.0), (0.0, 0.0, 0.2)), pose((1.0, 0.0, 2.0), (0.0, 0.0, 0.6))
    for step in range(1, 6):
        torques(goal, command, share=0.25)
        np.testing.assert_allclose(goal[:3], (1.0 - 0.75**step) * command[:3])
        assert np.linalg.norm(goal[3:]) == pytest.approx(1.0)
    for _ in range(200):
        torques(goal, command, share=0.25)
    np.testing.assert_allclose(goal, command, atol=1e-9)


def test_the_command_s_other_sign_is_no_way_round():
    goal, command = pose((0.0, 0.0, 0.0), (0.0, 0.0, 0.2)), pose((0.0, 0.0, 0.0), (0.0, 0.0, 0.6))
    command[3:] *= -1.0
    torques(goal, command, share=0.5)
    turned = Rotation.from_quat(np.roll(goal[3:], -1)).as_rotvec()
    np.testing.assert_allclose(turned, [0.0, 0.0, 0.4], atol=1e-3)


def test_a_singular_arm_is_damped_and_held_against_gravity(rng):
    bias, velocity = rng.normal(size=JOINTS), rng.normal(size=JOINTS)
    command = pose((0.1, 0.0, 0.0), (0.0, 0.0, 0.0))
    nowhere = np.zeros((6, JOINTS))
    held = torques(IDENTITY.copy(), command, velocity=velocity, bias=bias, jacobian=nowhere)
    np.testing.assert_allclose(held, bias - 5.0 * velocity, atol=1e-12)


def test_joints_are_pulled_as_by_springs_of_even_inertia(rng):
    root = rng.normal(size=(JOINTS, JOINTS))
    mass = root @ root.T + np.eye(JOINTS)
    qpos, qvel, bias, posture = rng.normal(size=(4, JOINTS))
    ctrl = np.full(JOINTS, np.nan)
    hold_joints(qpos, qvel, bias, ctrl, mass, posture, WIDE, PLACES, PLACES, MOTORS)
    np.testing.assert_allclose(ctrl, bias + mass @ (400.0 * (posture - qpos) - 40.0 * qvel))
    narrow = np.array([[-3] * JOINTS, [2] * JOINTS])
    clipped = np.clip(ctrl, -3.0, 2.0)
    hold_joints(qpos, qvel, bias, ctrl, mass, posture, narrow, PLACES, PLACES, MOTORS)
    np.testing.assert_allclose(ctrl, clipped)
