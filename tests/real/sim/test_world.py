"""A world begins as its seed says, and steps its arms and objects together."""

from __future__ import annotations

import numpy as np
import pytest

from real.sim.world import SCENES, World
from real.tasks.files import load_preset, presets
from zprl_env.errors import ConfigurationError, UnknownNameError

PRESET = load_preset("place-orange")


def test_every_shipped_task_has_a_scene_and_no_scene_is_without_a_task():
    assert {*SCENES} == {load_preset(name).scene for name in presets()}


@pytest.mark.parametrize("task", SCENES)
def test_a_seed_is_a_world_whatever_happened_in_it_before(task, world_of):
    world = world_of(task, seed=4)
    first = world.data.qpos.copy(), world.data.qvel.copy()
    world.arms[0].command[:3] += 0.05
    world.step(100)
    world_of(task, seed=5)
    assert np.abs(world.data.qpos - first[0]).max() > 1e-3
    world_of(task, seed=4)
    np.testing.assert_array_equal(world.data.qpos, first[0])
    np.testing.assert_array_equal(world.data.qvel, np.zeros(world.model.nv))
    poses = world.object_poses()
    assert [*poses] == [*load_preset(task).objects]
    assert all(pose.shape == (7,) for pose in poses.values())


@pytest.mark.parametrize("task", SCENES)
def test_what_is_laid_out_lies_still(task, world_of):
    world = world_of(task)
    before = world.object_poses()
    world.step(250)  # half a second
    for name, pose in world.object_poses().items():
        np.testing.assert_allclose(pose[:3], before[name][:3], atol=1e-3)


def test_steps_are_of_its_period(world_of):
    world = world_of("place-orange")
    began = world.data.time
    world.step(25)
    assert world.data.time - began == pytest.approx(25 * world.period)
    assert world.period == 0.002


def test_joints_are_pulled_instead_of_the_hand(world_of):
    world = world_of("open-box")
    wanted = [arm.joints + 0.05 for arm in world.arms]
    world.step(500, joints=wanted)
    for arm, angles in zip(world.arms, wanted, strict=True):
        np.testing.assert_allclose(arm.joints, angles, atol=2e-3)


@pytest.mark.parametrize(
    ("task", "cameras"),
    [("place-orange", ["front", "wrist"]), ("open-box", ["front", "left_wrist", "right_wrist"])],
)
def test_every_hand_has_a_camera_and_the_preset_s_are_among_them(task, cameras, world_of):
    model = world_of(task).model
    names = [model.cam(index).name for index in range(model.ncam)]
    assert names == cameras
    assert {*load_preset(task).cameras} <= {*names}


def test_a_scene_that_is_none_is_named():
    with pytest.raises(UnknownNameError, match="unknown scene 'place-oragne'; did you mean 'place"):
        World(PRESET, "place-oragne")


def test_objects_that_the_scene_does_not_have_are_named():
    foreign = PRESET.model_copy(update={"objects": ("orange", "banana")})
    with pytest.raises(ConfigurationError, match=r"must be among orange, plate\. Got: banana"):
        World(foreign)
