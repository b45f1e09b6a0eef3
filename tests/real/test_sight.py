"""A robot's cameras as observations, by the same keys as the suites'."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env as gymnasium_check_env
from stable_baselines3.common.env_checker import check_env as sb3_check_env

from real.robot import RobotError
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
