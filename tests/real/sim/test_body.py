"""A simulated arm is a spring that is pulled along, and a gripper with a speed."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from real.sim.body import GRIPPER_SPEED, SMOOTHING, STIFFNESS
from real.tasks.files import load_preset

PRESET = load_preset("open-box")


@pytest.fixture
def world(world_of):
    return world_of("open-box")


def test_it_begins_at_home_at_rest(world):
    for body, arm in zip(world.arms, PRESET.arms, strict=True):
        np.testing.assert_allclose(body.pose[:3], arm.home.position, atol=1e-5)
        assert abs(body.pose[3:] @ arm.home.quaternion) == pytest.approx(1.0, abs=1e-9)
        assert body.measured_opening == pytest.approx(arm.home.gripper, abs=0.01)
        np.testing.assert_array_equal(body.velocity, np.zeros(6))
        np.testing.assert_allclose(body.joints, body.posture, atol=1e-4)


def test_its_posture_is_exactly_the_home_pose(world):
    world.arms[0].joints = world.arms[0].posture + 0.1
    world.arms[0].go_home()
    mujoco.mj_forward(world.model, world.data)
    np.testing.assert_allclose(world.arms[0].pose[:3], PRESET.arms[0].home.position, atol=1e-8)


def test_a_step_is_followed_nearly_as_by_an_ideal_spring(world):
    body, before = world.arms[0], world.arms[0].pose.copy()
    other = world.arms[1].pose.copy()
    step, period = 0.02, world.period
    body.command[1] += step
    moved = []
    for _ in range(250):
        world.step()
        moved.append(body.pose[1] - before[1])
    # A critically damped spring of unit mass, whose end follows the command with a delay.
    x = velocity = end = 0.0
    ideal = []
    for _ in range(250):
        end += period / (SMOOTHING + period) * (step - end)
        velocity += period * (STIFFNESS[1] * (end - x) - 2 * np.sqrt(STIFFNESS[1]) * velocity)
        x += period * velocity
        ideal.append(x)
    assert np.abs(np.array(moved) - ideal).max() < 0.15 * step
    assert max(moved) < 1.05 * step
    assert moved[-1] == pytest.approx(step, rel=0.01)
    np.testing.assert_allclose(body.pose[[0, 2]], before[[0, 2]], atol=1e-3)
    np.testing.assert_allclose(world.arms[1].pose, other, atol=1e-4)


def test_its_velocity_is_that_of_its_pose(world):
    body = world.arms[0]
    body.command[:3] += (0.05, -0.05, 0.02)
    world.step(60)
    before = body.pose.copy()
    world.step()
    speed = (body.pose - before)[:3] / world.period
    assert np.linalg.norm(speed) > 0.1
    np.testing.assert_allclose(body.velocity[:3], speed, rtol=0.05, atol=5e-3)


def test_the_gripper_goes_at_its_speed_and_the_fingers_follow(world):
    body = world.arms[0]
    body.opening_command = 0.0
    world.step(100)
    assert body.opening == pytest.approx(1.0 - 100 * world.period * GRIPPER_SPEED)
    world.step(400)
    assert body.opening == 0.0
    assert body.measured_opening < 0.05
    assert world.arms[1].measured_opening > 0.95


def test_holding_stays_where_it_is_and_drops_what_was_commanded(world):
    body = world.arms[0]
    body.command[:3] += (0.0, 0.1, 0.0)
    body.opening_command = 0.0
    world.step(50)
    body.hold()
    there, opening = body.pose.copy(), body.opening
    assert there[1] - PRESET.arms[0].home.position[1] < 0.09
    world.step(1000)
    np.testing.assert_allclose(body.pose[:3], there[:3], atol=1e-3)
    assert body.opening == opening


def test_joints_that_are_set_are_at_rest(world):
    body = world.arms[0]
    body.command[:3] += 0.05
    world.step(50)
    angles = body.posture + np.linspace(-0.1, 0.1, 7)
    body.joints = angles
    np.testing.assert_array_equal(body.joints, angles)
    np.testing.assert_allclose(body.velocity, np.zeros(6), atol=1e-12)
