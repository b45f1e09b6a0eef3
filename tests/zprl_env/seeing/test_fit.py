"""Environments and policies that see: what does not fit is refused with both sides named."""

import dataclasses
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from policies.pictures.view import CameraView
from tests.helpers import seen
from tests.helpers.recording_env import RecordingEnv
from zprl_env.errors import PolicyMismatchError, TaskMismatchWarning
from zprl_env.seeing.fit import check_pictures
from zprl_env.steering.table import STEERINGS
from zprl_env.testing import LinearPolicy, check_policy


class Other(gym.ObservationWrapper):
    """The task with another space of observations."""

    def __init__(self, **spaces) -> None:
        env: Any = seen.SeenEnv()
        super().__init__(env)
        own = {**env.eyes.observation_space.spaces, **spaces}
        kept = {name: space for name, space in own.items() if space is not None}
        self.observation_space = gym.spaces.Dict(kept)

    def observation(self, observation):
        return observation


def box(*shape, dtype=np.uint8, high=255):
    return gym.spaces.Box(0, high, shape, dtype)


MISFITS: dict[str, tuple[Any, str]] = {
    "states": (RecordingEnv, "sees through the cameras front, wrist. Got .* without pictures"),
    "another camera": (
        lambda: seen.SeenEnv(cameras=("front", "side")),
        "Got an environment with state, front, side, without wrist",
    ),
    "another size": (lambda: seen.SeenEnv(size=(44, 44)), r"front must have the shape \(N, 40, 44"),
    "another quality": (
        lambda: seen.SeenEnv(quality="full"),
        "quality 'fast' .* and 'full'",
    ),
    "channels first": (lambda: Other(front=box(3, 40, 44)), "channels first. Move them last"),
    "grey": (lambda: Other(front=box(40, 44, 1)), "grey or depth"),
    "floats": (lambda: Other(wrist=box(40, 44, 3, dtype=np.float32)), "must be uint8, 0 to 255"),
    "a smaller range": (lambda: Other(wrist=box(40, 44, 3, high=1)), "must go from 0 to 255"),
    "no state": (lambda: Other(state=None), "'state', of size 3. Got an environment with none"),
    "more state": (lambda: Other(state=box(7, dtype=np.float32)), "of size 3. Got .* 7 numbers"),
    "no picture": (lambda: Other(front=gym.spaces.Discrete(3)), "must be a Box of pictures"),
}


@pytest.mark.parametrize("misfit", MISFITS)
@pytest.mark.parametrize("steer", STEERINGS)
def test_an_environment_that_does_not_fit_is_refused_by_every_steering(steer, misfit, seen_policy):
    make, message = MISFITS[misfit]
    with pytest.raises(PolicyMismatchError, match=message):
        STEERINGS[steer].wrapper(make(), seen_policy)


@pytest.mark.parametrize("misfit", MISFITS)
def test_the_check_names_the_same(misfit, seen_policy):
    make, message = MISFITS[misfit]
    with pytest.raises(PolicyMismatchError, match=message):
        check_policy(seen_policy, make())


@pytest.mark.parametrize("observation", ["pixels", "both"])
def test_a_policy_of_states_is_refused_where_there_are_pictures(observation):
    env = seen.SeenEnv(observation=observation)
    with pytest.raises(PolicyMismatchError, match=r"The policy sees states.*without cameras"):
        STEERINGS["latent"].wrapper(env, LinearPolicy(3, 2))


def test_a_camera_that_looks_from_elsewhere_is_a_warning(seen_policy):
    view = CameraView(fov=45.0, position=(0.0, 0.0, 1.0), quaternion=(1.0, 0.0, 0.0, 0.0))
    moved = CameraView(fov=60.0, position=(0.0, 0.5, 1.0), quaternion=(1.0, 0.0, 0.0, 0.0))
    seen_policy.picture_settings = dataclasses.replace(seen.settings(), views={"front": view})
    shown = dataclasses.replace(seen.settings(), views={"front": moved})
    with pytest.warns(TaskMismatchWarning, match="camera front: .*500 mm apart"):
        check_pictures(seen_policy, shown)
