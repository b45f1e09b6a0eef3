"""Environments of LeRobot's, with ``pixels``, for policies that see."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from types import SimpleNamespace
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from zprl_env.envs.flat import flat_environment
from zprl_env.envs.observation.pixels import PixelsObservation, has_pixels, with_cameras

PICTURE = gym.spaces.Box(0, 255, (10, 12, 3), np.uint8)
ARMS = gym.spaces.Box(-1.0, 1.0, (2, 2), np.float64)
BY_CAMERA = gym.spaces.Dict(top=PICTURE, wrist=PICTURE)


class Seen(gym.Env):
    """Shows what it is told to."""

    action_space = gym.spaces.Box(-1.0, 1.0, (2,))

    def __init__(self, **parts: gym.Space) -> None:
        self.observation_space = gym.spaces.Dict(parts)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.observation_space.seed(seed)
        return self.observation_space.sample(), {}


def spaces_of(env):
    """Return the spaces of what an environment shows, by name."""
    assert isinstance(env.observation_space, gym.spaces.Dict)
    return env.observation_space.spaces


@pytest.mark.parametrize(
    ("pixels", "cameras"), [(PICTURE, ["image"]), (BY_CAMERA, ["top", "wrist"])]
)
def test_pictures_get_lerobots_names_and_numbers_are_one_state(pixels, cameras):
    inner = Seen(pixels=pixels, agent_pos=ARMS, environment_state=gym.spaces.Box(0.0, 9.0, (3,)))
    env = PixelsObservation(inner)
    observation, _ = env.reset(seed=0)
    shown, _ = inner.reset(seed=0)
    assert [*spaces_of(env)] == ["state", *cameras] == [*observation]
    assert env.observation_space.contains(observation)
    np.testing.assert_allclose(
        observation["state"], [*shown["agent_pos"].ravel(), *shown["environment_state"]]
    )
    parts = shown["pixels"] if len(cameras) > 1 else {"image": shown["pixels"]}
    for name, picture in parts.items():
        np.testing.assert_array_equal(observation[name], picture)


def test_pusht_is_seen_as_lerobots_policies_were_trained():
    pytest.importorskip("gym_pusht")
    make = partial(gym.make, "gym_pusht/PushT-v0")
    with closing(make(obs_type="pixels_agent_pos")) as theirs:
        env = with_cameras(theirs, ("image",))
        shown = {name: box.shape for name, box in spaces_of(env).items()}
        assert shown == {"state": (2,), "image": (96, 96, 3)}
        observation, _ = env.reset(seed=3)
    with closing(make(obs_type="pixels_agent_pos")) as alone:
        expected, _ = alone.reset(seed=3)
    np.testing.assert_array_equal(observation["image"], expected["pixels"])
    np.testing.assert_array_equal(observation["state"], expected["agent_pos"].astype(np.float32))


def test_without_numbers_there_is_no_state():
    assert [*spaces_of(PixelsObservation(Seen(pixels=PICTURE)))] == ["image"]


@pytest.mark.parametrize(
    ("cameras", "renamed"), [(("image",), True), ((), False), (("pixels",), False)]
)
def test_only_a_policy_that_sees_by_other_names_has_it_renamed(cameras, renamed):
    env = Seen(pixels=PICTURE, agent_pos=ARMS)
    assert (with_cameras(env, cameras) is not env) == renamed
    policy = SimpleNamespace(cameras=cameras, n_obs_steps=1)
    if cameras:
        assert ("image" in spaces_of(flat_environment(env, policy))) == renamed


@pytest.mark.parametrize(
    "parts",
    [
        {"agent_pos": ARMS},
        {"pixels": ARMS},
        {"pixels": gym.spaces.Dict()},
        {"pixels": PICTURE, "depth": PICTURE},
        {"pixels": PICTURE, "button": gym.spaces.Discrete(2)},
    ],
)
def test_other_observations_are_left_as_they_are(parts):
    env = Seen(**parts)
    assert not has_pixels(env.observation_space)
    assert with_cameras(env, ("image",)) is env
