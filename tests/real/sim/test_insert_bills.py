"""Insert-bills is done when the bills are in the wallet and nobody holds them."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from real.sim.insert_bills import BILL, DEPTH, LEANING, POCKET


@pytest.fixture
def world(world_of):
    return world_of("insert-bills")


def put_bills(world, x=0.0, y=0.0, z=BILL[2] + 0.005):
    """The bundle so far from the wallet, whose flap is open."""
    world.data.joint("flap").qpos[0] = 0.3
    world.scene.put("bills", world.scene.pose("wallet")[:3] + np.array([x, y, z]))
    mujoco.mj_forward(world.model, world.data)


@pytest.mark.parametrize("seed", range(5))
def test_the_bills_begin_upright_in_their_stand_and_the_wallet_shut(seed, world_of):
    world = world_of("insert-bills", seed)
    stand, bills = world.data.body("stand").xpos, world.scene.pose("bills")
    np.testing.assert_allclose(bills[:2], stand[:2], atol=5e-3)
    assert bills[2] == pytest.approx(BILL[2], abs=2e-3)
    assert world.data.joint("flap").qpos[0] == pytest.approx(LEANING, abs=0.02)


def test_a_finger_beside_the_bills_pushes_their_stand_away_and_does_not_lever_them_out(world):
    arm, bills = world.arms[1], world.scene.pose("bills")[:3].copy()
    above = np.add(bills, (0.0, 0.10, 0.02))
    arm.opening_command = 0.0
    for goal in (np.add(above, (0.0, 0.0, 0.09)), above):
        arm.command[:3] = goal
        world.step(750)
    for beside in np.linspace(0.10, 0.01, 91):
        arm.command[:3] = np.add(bills, (0.0, beside, 0.02))
        world.step(10)
    world.step(250)
    pushed = world.scene.pose("bills")
    assert pushed[1] < bills[1] - 0.005
    assert pushed[2] > BILL[2] - 0.005  # still upright


def test_in_the_wallet_they_are_done(world):
    assert not world.scene.success()
    put_bills(world)
    assert world.scene.success()


@pytest.mark.parametrize(
    "place", [{"x": POCKET[0] + 0.01}, {"y": -DEPTH - 0.005}, {"y": 3 * DEPTH + 0.005}, {"z": 0.06}]
)
def test_beside_the_wallet_or_above_it_they_are_not(place, world):
    put_bills(world, **place)
    assert not world.scene.success()


def test_while_they_fall_they_are_not(world):
    put_bills(world)
    start = world.model.body("bills").dofadr[0]
    for speed, done in ((0.11, False), (0.09, True)):
        world.data.qvel[start + 2] = -speed
        assert world.scene.success() is done


def test_a_spring_shuts_the_wallet(world):
    world.data.joint("flap").qpos[0] = 0.5
    mujoco.mj_forward(world.model, world.data)
    world.step(500)
    assert world.data.joint("flap").qpos[0] < 0.05


def test_bills_that_are_let_go_of_above_the_open_wallet_fall_in(world):
    put_bills(world, y=0.002, z=BILL[2] + 0.012)
    world.data.joint("flap").qpos[0] = 0.25
    for _ in range(500):
        world.step()
    assert world.scene.success()
