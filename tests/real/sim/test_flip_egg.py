"""Flip-egg is done when the egg lies in the pan with its yolk down, and nothing holds it."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from real.sim.flip_egg import (
    BLADE,
    BLADE_HALF,
    EGG_HALF,
    EGG_RADIUS,
    PAN_FLOOR,
    PAN_RADIUS,
    TURNED,
)


@pytest.fixture
def world(world_of):
    return world_of("flip-egg")


def put_egg(world, tilt, beside=0.0, height=PAN_FLOOR + EGG_HALF):
    """The egg so far beside the pan's middle, rolled about x by an angle."""
    pan = world.scene.pose("pan")[:3]
    start = world.model.jnt_qposadr[world.model.body("egg").jntadr[0]]
    turn = [np.cos(tilt / 2), np.sin(tilt / 2), 0.0, 0.0]
    world.data.qpos[start : start + 7] = [pan[0] + beside, pan[1], pan[2] + height, *turn]
    mujoco.mj_forward(world.model, world.data)


@pytest.mark.parametrize("seed", range(5))
def test_the_egg_begins_in_the_pan_with_its_yolk_up(seed, world_of):
    world = world_of("flip-egg", seed)
    egg, pan = world.scene.pose("egg"), world.scene.pose("pan")
    assert np.linalg.norm(egg[:2] - pan[:2]) < PAN_RADIUS - EGG_RADIUS
    assert egg[2] == pytest.approx(PAN_FLOOR + EGG_HALF, abs=1e-3)
    np.testing.assert_allclose(egg[4:6], 0.0, atol=1e-2)


def test_turned_over_it_is_done_and_stays_so(world):
    assert not world.scene.success()
    put_egg(world, np.pi)
    assert world.scene.success()
    world.step(500)
    assert world.scene.success()


@pytest.mark.parametrize(("degrees", "done"), [(0, False), (90, False), (154, False), (155, True)])
def test_how_far_it_is_turned_is_what_counts(degrees, done, world):
    assert done == (np.cos(np.radians(degrees)) < TURNED)
    put_egg(world, np.radians(degrees), height=0.02)
    assert world.scene.success() is done


def test_beside_the_pan_or_in_the_air_it_is_not(world):
    put_egg(world, np.pi, beside=PAN_RADIUS + 0.01)
    assert not world.scene.success()
    put_egg(world, np.pi, height=0.1)
    assert not world.scene.success()


def test_on_the_spatula_it_is_not(world):
    world.scene.put("pan", np.array([0.5, 0.6, 0.0]))  # out of the way
    world.arms[0].command[2] = 0.045
    world.step(750)
    spatula = world.data.body("arm0_spatula")
    blade = spatula.xpos + spatula.xmat.reshape(3, 3) @ BLADE
    world.scene.put("pan", np.array([blade[0], blade[1], 0.0]))
    mujoco.mj_forward(world.model, world.data)
    put_egg(world, np.pi, height=blade[2] + BLADE_HALF[2] + EGG_HALF - 1e-4)
    assert world.scene.touches("egg", "arm0_spatula")
    assert not world.scene.success()
    put_egg(world, np.pi, beside=-0.12)  # beside the blade
    assert world.scene.success()


def test_a_blade_that_is_pushed_against_the_rim_stays_where_it_is(world):
    """Its wrist cannot push harder than it can; clipped motor by motor it threw the hand over."""
    arm, pan = world.arms[0], world.scene.pose("pan")[:3]
    pitch = 0.2
    forward = np.cos(pitch) * (BLADE[0] + BLADE_HALF[0]) - np.sin(pitch) * BLADE[2]
    down = np.sin(pitch) * (BLADE[0] + BLADE_HALF[0]) + np.cos(pitch) * BLADE[2]
    goal = np.add(pan, (PAN_RADIUS - 0.02 - forward, 0.0, PAN_FLOOR + 0.003 + down))
    turned = [0.0, np.cos(pitch / 2), 0.0, -np.sin(pitch / 2)]
    arm.command[:] = [*np.add(goal, (0.0, 0.0, 0.05)), *turned]
    world.step(500)
    arm.command[:3] = goal
    world.step(250)
    for ahead in np.linspace(0.0, 0.05, 26):
        arm.command[:3] = np.add(goal, (ahead, 0.0, 0.0))
        world.step(20)
    world.step(250)
    assert world.scene.touches("arm0_spatula", "pan")
    assert abs(np.dot(arm.pose[3:], turned)) > np.cos(0.15 / 2)
    assert arm.pose[2] < goal[2] + 0.03
