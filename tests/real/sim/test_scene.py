"""What every scene can do with the objects on its table, on one that the test makes."""

from __future__ import annotations

from typing import Any, ClassVar

import mujoco
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from real.drivers.sim import SimRobot
from real.sim.scene import TaskScene, add_room
from real.sim.world import World
from real.tasks.files import load_preset
from zprl_env.errors import ConfigurationError

HALF = 0.02
"""Half of a block's side [m]."""
PRESET = load_preset("place-orange").model_copy(update={"objects": ("block", "shelf")})


class Blocks(TaskScene):
    """A block that moves freely and a shelf that does not."""

    OBJECTS: ClassVar = ("block", "shelf")

    def build(self, world: Any) -> None:
        block = world.worldbody.add_body(name="block")
        block.add_freejoint()
        for body in (block, world.worldbody.add_body(name="shelf")):
            body.add_geom(type=mujoco.mjtGeom.mjGEOM_BOX, size=(HALF, HALF, HALF), mass=0.1)

    def lay_out(self, rng: np.random.Generator) -> None:
        self.put("block", np.array([0.4, rng.uniform(-0.2, 0.0), HALF]))
        self.put("shelf", np.array([0.5, 0.2, HALF]))

    def success(self) -> bool:
        return self.touches("block", "shelf")


@pytest.fixture(scope="module")
def made():
    return World(PRESET, "tests.real.sim.test_scene:Blocks")


@pytest.fixture
def world(made):
    made.reset(np.random.default_rng(0))
    return made


@pytest.fixture
def scene(world):
    return world.scene


def forward(world):
    mujoco.mj_forward(world.model, world.data)


@pytest.mark.parametrize("name", ["block", "shelf"])
def test_an_object_is_put_where_it_is_said_and_turned_about_the_vertical(name, scene, world):
    scene.put(name, np.array([0.45, -0.1, 0.3]), yaw=0.7)
    forward(world)
    pose = scene.pose(name)
    np.testing.assert_allclose(pose[:3], [0.45, -0.1, 0.3])
    turned = Rotation.from_quat(np.roll(pose[3:], -1)).as_rotvec()
    np.testing.assert_allclose(turned, [0.0, 0.0, 0.7], atol=1e-12)


def test_a_pose_is_a_copy(scene):
    scene.pose("block")[:] = np.nan
    assert np.isfinite(scene.pose("block")).all()


def test_a_block_falls_as_fast_as_gravity_says(scene, world):
    scene.put("block", np.array([0.45, -0.1, 0.5]))
    forward(world)
    world.step(50)  # 0.1 s
    assert scene.speed("block") == pytest.approx(9.81 * 0.1, rel=1e-3)
    assert scene.pose("block")[2] == pytest.approx(0.5 - 9.81 * 0.1**2 / 2, abs=1e-3)
    world.step(1000)
    assert scene.speed("block") < 1e-3
    assert scene.pose("block")[2] == pytest.approx(HALF, abs=1e-3)  # on the table, at height 0


def test_bodies_touch_each_other_both_ways_round(scene, world):
    assert scene.touches("block", "world")
    assert scene.touches("world", "block")
    assert not scene.touches("block", "shelf")
    assert not scene.success()
    scene.put("block", np.array([0.5, 0.2, 3 * HALF - 1e-4]))
    forward(world)
    assert scene.touches("shelf", "blo")  # by the beginnings of their names
    assert scene.touches("block", "shelf")
    assert not scene.touches("block", "arm")
    assert scene.success()


def test_a_start_is_drawn_from_a_region_that_can_be_widened_about_its_centre(scene):
    low, high = (0.3, -0.1), (0.5, 0.1)
    usual = scene.start(np.random.default_rng(0), low, high)
    np.testing.assert_array_equal(usual, np.random.default_rng(0).uniform(low, high))
    scene.widened = 3.0
    wide = scene.start(np.random.default_rng(0), low, high)
    np.testing.assert_allclose(wide - (0.4, 0.0), 3.0 * (usual - (0.4, 0.0)))
    scene.widened = 1.0


def test_a_scene_that_draws_its_starts_otherwise_cannot_be_widened():
    with pytest.raises(ConfigurationError, match="The mismatch start_region takes a region that"):
        SimRobot(PRESET, scene="tests.real.sim.test_scene:Blocks", mismatch={"start_region": 2})


def test_a_scene_has_all_that_a_task_adds():
    assert TaskScene.__abstractmethods__ == {"build", "lay_out", "success"}


def test_a_room_has_a_table_at_height_0_and_a_camera_that_looks_at_it():
    spec = mujoco.MjSpec()
    add_room(spec)
    model = spec.compile()
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    table = model.geom("table")
    assert table.pos[2] + table.size[2] == pytest.approx(0.0)
    camera = data.cam("front")
    looks = -camera.xmat.reshape(3, 3)[:, 2]
    far = camera.xpos[2] / -looks[2]
    np.testing.assert_allclose(camera.xpos + far * looks, [0.25, 0.0, 0.0], atol=0.15)
