"""A robot's cameras as observations, by the same keys as the suites'."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env as gymnasium_check_env
from stable_baselines3.common.env_checker import check_env as sb3_check_env

from policies.pictures.settings import PictureSettings
from real.robot import RobotError
from real.sight import check_seen
from real.tasks.files import load_preset, presets
from zprl_env import ActionChunkWrapper
from zprl_env.envs import make_env
from zprl_env.errors import ConfigurationError, UnknownNameError

pytest.importorskip("robosuite", reason="needs the arms of robosuite")


@pytest.fixture(scope="module")
def env() -> Any:
    env: Any = make_env("Real", cameras=("front", "wrist"), image_size=48)
    yield env
    env.close()


def test_a_robot_observes_what_it_feels_and_no_tracked_object(env):
    observation, _ = env.reset(seed=0)
    assert [*env.observation_space.spaces] == [*observation] == ["state", "front", "wrist"]
    assert observation["state"].shape == (13,)
    assert not [key for key in env.unwrapped.observation_keys if "orange" in key or "plate" in key]
    assert (observation["wrist"].shape, observation["wrist"].dtype) == ((48, 48, 3), np.uint8)
    assert env.unwrapped.picture_settings.views["wrist"].parent == "arm0_right_hand"


def test_both_checkers_pass(env):
    gymnasium_check_env(env.unwrapped, skip_render_check=True)
    sb3_check_env(env.unwrapped, skip_render_check=True)


def test_pictures_are_of_the_present_state_and_once_per_chunk(env, monkeypatch):
    robot, counted = env.unwrapped.robot, []
    frames = robot.frames

    def counting(names: Any, *how: Any) -> Any:
        counted.append(names)
        return frames(names, *how)

    monkeypatch.setattr(robot, "frames", counting)
    chunks = ActionChunkWrapper(env, 4)
    first, _ = chunks.reset(seed=0)
    seen, *_ = chunks.step(np.ones((4, 8)))
    assert counted == [("front", "wrist")] * 2
    for camera, picture in env.unwrapped.pictures().items():
        np.testing.assert_array_equal(seen[camera], picture)
        assert not np.array_equal(first[camera], picture)


def test_the_same_seed_is_the_same_picture(env):
    first, _ = env.reset(seed=4)
    env.step(np.ones(8))
    again, _ = env.reset(seed=4)
    np.testing.assert_array_equal(first["front"], again["front"])


def test_the_orange_is_orange_and_left_of_the_hand_s_middle_in_the_front_camera(env):
    """It lies to the arm's right, and the camera looks back at the arm: so it is on the left."""
    observation, _ = env.reset(seed=0)
    picture = observation["front"].astype(int)
    orange = (picture[..., 0] - picture[..., 2] > 100) & (picture[..., 0] > 150)
    assert 0 < np.argwhere(orange)[:, 1].mean() < 24


def test_where_the_robot_is_gone_the_last_picture_stays_and_the_arms_stop(env):
    observation, _ = env.reset(seed=0)
    env.unwrapped.robot.inject("disconnect")
    after, _, terminated, truncated, info = env.step(np.zeros(8))
    np.testing.assert_array_equal(after["front"], observation["front"])
    assert (terminated, truncated) == (False, True)
    assert info["safety"]["stop"]


def test_cameras_that_are_not_there_are_refused_when_it_is_made():
    with pytest.raises(UnknownNameError, match="unknown camera 'fron'; did you mean 'front'"):
        make_env("Real", cameras=("fron",))
    with pytest.raises(UnknownNameError, match="unknown camera 'wrist'"):
        make_env("Real", driver="ideal", cameras=("wrist",))


def test_a_driver_s_own_pictures_must_have_the_size_that_is_observed():
    env = make_env("Real", driver="ideal", cameras=("front",), image_size=64)
    assert env.reset(seed=0)[0]["front"].shape == (64, 64, 3)
    env.close()
    other = make_env("Real", driver="ideal", cameras=("front",), image_size=32)
    with pytest.raises(RobotError, match=r"shape \(32, 32, 3\).* Got: \(64, 64, 3\)"):
        other.reset(seed=0)
    other.close()


def test_without_cameras_the_size_is_the_driver_s_own_setting():
    env: Any = make_env("Real", image_size=(16, 24), render_mode="rgb_array")
    env.reset(seed=0)
    assert env.render().shape == (16, 24, 3)
    env.close()
    with pytest.raises(ConfigurationError, match="render_quality must come with cameras"):
        make_env("Real", render_quality="fast")


@pytest.fixture(scope="module")
def filmed() -> Any:
    env: Any = make_env("Real", cameras=("front",), image_size=32)
    yield env
    env.close()


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("no-picture", "simulated cameras must give pictures. Got: none"),
        ("black-picture", "the camera front must show something; got black or one colour"),
        ("frozen-picture", "the camera front must not be frozen; got the same picture 11 times"),
    ],
)
def test_simulated_cameras_fail_as_real_ones_do(filmed, fault, told):
    env = filmed
    env.reset(seed=0)
    env.step(np.ones(8))
    env.unwrapped.robot.inject(fault)
    for _ in range(30):
        seen, _, terminated, truncated, info = env.step(np.ones(8))
        if truncated:
            break
    assert told in info["safety"]["stop"]
    assert (terminated, info["safety"]["stop_source"]) == (False, "camera")
    assert seen["front"].max() > 0


def test_in_real_time_pictures_are_read_beside_the_control():
    env: Any = make_env("Real", realtime=True, cameras=("front",), image_size=32)
    observation, info = env.reset(seed=0)
    assert observation["front"].std() > 5
    assert info["time"]["pictures"] < 0.5
    *_, truncated, info = env.step(np.zeros(8))
    assert not truncated, info["safety"]["stop"]
    env.close()


@pytest.mark.parametrize("task", [name for name in presets() if name.endswith("-pixels")])
def test_a_preset_for_pixels_observes_nothing_tracked_and_its_cameras(task):
    preset = load_preset(task)
    assert preset.pictures is not None
    assert not {"objects", "object_positions"} & {*preset.observation}
    env: Any = make_env("Real", task=task, driver="ideal", image_size=64)
    assert [*env.observation_space.spaces] == ["state", *preset.pictures.cameras]
    env.unwrapped.robot._objects.clear()  # nobody tracks them
    env.reset(seed=0)
    assert not env.step(env.action_space.sample())[3]
    env.close()


def test_no_object_is_missed_where_none_is_observed():
    env: Any = make_env("Real", driver="ideal", cameras=("front",), image_size=64)
    env.unwrapped.robot._objects.clear()
    env.reset(seed=0)
    assert not env.step(np.zeros(8))[3]
    env.close()


def test_a_preset_s_pictures_give_way_to_what_is_asked_for():
    env: Any = make_env("Real", task="place-orange-pixels", driver="ideal", observation="state")
    assert env.observation_space.shape == (13,)
    env.close()
    env = make_env("Real", task="place-orange-pixels", driver="ideal", cameras="wrist")
    assert [*env.observation_space.spaces] == ["state", "wrist"]
    env.close()


def test_a_policy_s_pictures_must_be_the_robot_s():
    mine = PictureSettings(cameras=("front",), image_size=(84, 84), renderer="llvmpipe")
    its = PictureSettings(cameras=("front", "wrist"), image_size=(84, 84), renderer="front: opencv")
    assert check_seen(mine, its) == ["renderer 'llvmpipe' and 'front: opencv'"]
    assert check_seen(None, its) == []
    smaller = PictureSettings(cameras=("front",), image_size=(64, 64))
    with pytest.raises(ConfigurationError, match=r"Got: frames of 84 x 84 and of 64 x 64 pixels"):
        check_seen(mine, smaller)
    with pytest.raises(ConfigurationError, match=r"this policy sees: .* Got: no cameras"):
        check_seen(mine, None)
