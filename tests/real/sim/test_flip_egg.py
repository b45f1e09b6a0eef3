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
