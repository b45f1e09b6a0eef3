"""Place-orange is done when the orange lies still on the plate and no finger touches it."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from real.sim.place_orange import PLATE_FLOOR, PLATE_RADIUS, RADIUS, STILL


@pytest.fixture
def world(world_of):
    return world_of("place-orange")


def put_orange(world, beside=(0.0, 0.0), height=RADIUS + PLATE_FLOOR):
    """The orange at rest, so far from the plate's middle."""
    start = world.model.body("orange").dofadr[0]
    world.data.qvel[start : start + 6] = 0.0
    plate = world.scene.pose("plate")[:3]
    world.scene.put("orange", np.array([plate[0] + beside[0], plate[1] + beside[1], height]))
    mujoco.mj_forward(world.model, world.data)


@pytest.mark.parametrize("seed", range(5))
def test_the_orange_lies_to_the_right_and_the_plate_to_the_left(seed, world_of):
    poses = world_of("place-orange", seed).object_poses()
    assert poses["orange"][1] < -0.03 < 0.11 < poses["plate"][1]
    assert poses["orange"][2] == pytest.approx(RADIUS, abs=1e-3)


def test_it_is_done_on_the_plate_and_stays_there(world):
    assert not world.scene.success()
    put_orange(world)
    assert world.scene.success()
    world.step(500)
    assert world.scene.success()


def test_beside_the_plate_or_above_it_it_is_not(world):
    put_orange(world, beside=(PLATE_RADIUS + 0.01, 0.0))
    assert not world.scene.success()
    put_orange(world, height=RADIUS + PLATE_FLOOR + 0.01)
    assert not world.scene.success()


def test_while_it_moves_it_is_not(world):
    put_orange(world)
    start = world.model.body("orange").dofadr[0]
    for speed, done in ((1.1 * STILL, False), (0.9 * STILL, True)):
        world.data.qvel[start] = speed
        assert world.scene.success() is done


def test_while_a_hand_touches_it_it_is_not(world):
    world.scene.put("plate", np.array([0.42, 0.6, 0.0]))  # out of the way
    hand = world.arms[0]
    hand.command[:3] = 0.42, 0.0, 0.05
    world.step(750)
    world.scene.put("plate", np.array([hand.pose[0], hand.pose[1], 0.0]))
    mujoco.mj_forward(world.model, world.data)
    hand.opening_command = 0.0
    for _ in range(400):
        put_orange(world)
        if world.scene.touches("orange", "arm"):
            break
        world.step()
    assert world.scene.touches("orange", "arm0_gripper")
    assert not world.scene.success()
    hand.go_home()
    put_orange(world)
    assert world.scene.success()
