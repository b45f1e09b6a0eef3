"""Open-box is done when the lid is open and the box still stands."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from real.sim.open_box import HALF, HANDLE, KNOB, OPEN_ANGLE


@pytest.fixture
def world(world_of):
    return world_of("open-box")


def open_lid(world, angle):
    world.data.joint("hinge").qpos[0] = angle
    mujoco.mj_forward(world.model, world.data)


@pytest.mark.parametrize("seed", range(5))
def test_it_begins_shut_and_upright(seed, world_of):
    world = world_of("open-box", seed)
    assert world.data.joint("hinge").qpos[0] == pytest.approx(0.0, abs=0.02)
    box = world.scene.pose("box")
    assert box[2] == pytest.approx(0.0, abs=1e-3)
    np.testing.assert_allclose(box[4:6], 0.0, atol=1e-2)


@pytest.mark.parametrize(
    ("angle", "done"), [(0.0, False), (OPEN_ANGLE - 0.01, False), (OPEN_ANGLE + 0.01, True)]
)
def test_it_is_done_when_the_lid_is_open(angle, done, world):
    open_lid(world, angle)
    assert world.scene.success() is done


def test_its_hinge_rubs_so_that_the_lid_stays_where_it_was_let_go_of(world):
    open_lid(world, 1.0)
    world.step(500)
    assert world.data.joint("hinge").qpos[0] == pytest.approx(1.0, abs=0.1)


def test_a_box_that_tipped_or_was_lifted_is_not_opened(world):
    open_lid(world, 1.5)
    start = world.model.jnt_qposadr[world.model.body("box").jntadr[0]]
    world.data.qpos[start + 2] += 0.02
    mujoco.mj_forward(world.model, world.data)
    assert not world.scene.success()
    world.data.qpos[start + 2] -= 0.02
    world.data.qpos[start + 3 : start + 7] = np.roll(Rotation.from_rotvec([0, 0.4, 0]).as_quat(), 1)
    mujoco.mj_forward(world.model, world.data)
    assert not world.scene.success()


def test_knob_and_handle_are_where_the_expert_looks_for_them(world):
    box, lid = world.data.body("box"), world.data.body("lid")
    knob = lid.xpos + lid.xmat.reshape(3, 3) @ KNOB
    handle = box.xpos + box.xmat.reshape(3, 3) @ HANDLE
    for place in (knob, handle):
        near = np.linalg.norm(world.data.geom_xpos - place, axis=1).min()
        assert near < 0.013
    # The hinge is at the box's far side, and the knob near the arms.
    seen = box.xmat.reshape(3, 3).T @ (knob - box.xpos)
    assert seen[0] < 0.0
    assert seen[2] > 2 * HALF[2]
