"""A scene's looks vary by seed, and nothing else does."""

from __future__ import annotations

import numpy as np
import pytest

from policies.pictures.quality import QUALITIES
from real.drivers.sim import SimRobot
from real.sim.variation import KINDS, Variation
from real.tasks.files import load_preset
from zprl_env import make_env
from zprl_env.errors import ConfigurationError, UnknownNameError

PRESET = load_preset("place-orange")


@pytest.fixture(scope="module")
def robot():
    robot = SimRobot(PRESET, vary=True)
    robot.connect()
    yield robot
    robot.close()


@pytest.fixture(scope="module")
def usual():
    robot = SimRobot(PRESET)
    robot.connect()
    yield robot
    robot.close()


def shown(robot, seed):
    robot.reset_scene(seed)
    return robot.frames(["front"], (48, 48), QUALITIES["fast"])["front"]


def test_the_same_seed_is_the_same_picture_and_another_one_another(robot):
    first, second = shown(robot, 1), shown(robot, 2)
    np.testing.assert_array_equal(shown(robot, 1), first)
    assert np.abs(first.astype(int) - second).mean() > 8


def test_the_scene_is_the_one_that_it_would_be_without(robot, usual):
    for seed in (1, 2):
        shown(robot, seed), shown(usual, seed)
        np.testing.assert_array_equal(robot._world.data.qpos, usual._world.data.qpos)
        np.testing.assert_array_equal(robot._world.data.qvel, usual._world.data.qvel)


def test_by_default_nothing_varies(usual):
    first = shown(usual, 1)
    for name in ("front", "wrist"):
        before = usual._world.model.camera(name).pos.copy()
        shown(usual, 2)
        np.testing.assert_array_equal(usual._world.model.camera(name).pos, before)
    np.testing.assert_array_equal(shown(usual, 1), first)
    assert Variation().kinds == Variation(False).kinds == ()


@pytest.mark.parametrize("kind", KINDS)
def test_one_kind_alone_leaves_the_others(robot, kind):
    world, variation = robot._world, Variation(kind)
    variation.bind(world.model)
    world.variation.restore()
    before = {name: getattr(world.model, name).copy() for name in variation._usual}
    variation.bind(world.model)
    variation.draw(5)
    changed = {
        n for n, values in before.items() if not np.array_equal(getattr(world.model, n), values)
    }
    beginning = {"textures": ("geom_", "mat_"), "light": ("light_",), "camera": ("cam_",)}[kind]
    assert changed
    assert all(name.startswith(beginning) for name in changed)
    variation.restore()
    assert all(np.array_equal(getattr(world.model, n), values) for n, values in before.items())


def test_picture_settings_tell_the_usual_pose_and_that_it_varies():
    env = make_env("Real", cameras=("front",), image_size=32, vary=["camera"])
    plain = make_env("Real", cameras=("front",), image_size=32)
    first, *_ = env.reset(seed=1)
    settings = env.get_wrapper_attr("picture_settings")
    usual = plain.get_wrapper_attr("picture_settings")
    assert settings.views == usual.views
    assert usual.deviation(settings) == ["variation none and camera by 1"]
    again, *_ = env.reset(seed=1)
    np.testing.assert_array_equal(first["front"], again["front"])
    env.close()
    plain.close()


def test_impossible_variations_are_refused():
    with pytest.raises(UnknownNameError, match=r"unknown kind of variation 'lights'; did you mean"):
        Variation(["lights"])
    with pytest.raises(ConfigurationError, match=r"strength must lie in \[0, 2\]. Got: nan"):
        Variation(True, float("nan"))
