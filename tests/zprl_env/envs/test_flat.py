"""Observations that are a Dict of boxes are flattened by one rule, and others are refused."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from stable_baselines3.common.vec_env import DummyVecEnv

from zprl_env import ActionChunkWrapper, LatentSteeringWrapper, SteeringVecEnv
from zprl_env.envs import FlatObservation, flat_environment
from zprl_env.envs.flat import (
    check_order,
    flatten,
    named_parts,
    observation_keys,
    ordered_keys,
    slices,
)
from zprl_env.errors import PolicyMismatchError
from zprl_env.testing import LinearPolicy

BOX = gym.spaces.Box(-1.0, 1.0, (2,), np.float64)
GRID = gym.spaces.Box(np.arange(6.0).reshape(2, 3), np.full((2, 3), 9.0), dtype=np.float64)
IMAGE = gym.spaces.Box(0, 255, (8, 8, 3), np.uint8)


class Shows(gym.Env):
    """Shows a sample of a space and ends after four steps."""

    action_space = gym.spaces.Box(-1.0, 1.0, (1,), np.float32)

    def __init__(self, space: gym.Space) -> None:
        self.observation_space = space

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        if seed is not None:
            self.observation_space.seed(seed)
        self.seen = self.observation_space.sample()
        return self.seen, {}

    def step(self, action):
        self.steps += 1
        self.seen = self.observation_space.sample()
        return self.seen, 0.0, False, self.steps == 4, {"is_success": False}


def shows(**spaces: gym.Space) -> Shows:
    return Shows(gym.spaces.Dict(spaces))


class Choosing(LinearPolicy):
    """A policy that says which parts of the observation it takes."""

    observation_keys = ("grid", "arm")


def test_a_flat_box_stays_as_it_is():
    env = Shows(BOX)
    assert flat_environment(env, LinearPolicy(2, 1)) is env


def test_a_dict_is_raveled_in_the_space_s_own_order():
    env = flat_environment(shows(grid=GRID, arm=BOX))
    assert isinstance(env, FlatObservation)
    assert env.observation_keys == {"arm": slice(0, 2), "grid": slice(2, 8)}  # gymnasium sorts
    observation, _ = env.reset(seed=0)
    assert observation.dtype == np.float32
    seen = env.get_wrapper_attr("seen")
    np.testing.assert_allclose(observation, [*seen["arm"], *seen["grid"].ravel()], rtol=1e-6)
    assert env.observation_space.contains(observation)
    space = env.observation_space
    assert isinstance(space, gym.spaces.Box)
    np.testing.assert_array_equal(space.low, [-1, -1, 0, 1, 2, 3, 4, 5])


def test_a_policy_s_keys_choose_and_order_the_parts():
    env = flat_environment(shows(arm=BOX, other=BOX, grid=GRID), Choosing(8, 1))
    observation, _ = env.reset(seed=0)
    seen = env.get_wrapper_attr("seen")
    np.testing.assert_allclose(observation, [*seen["grid"].ravel(), *seen["arm"]], rtol=1e-6)


def test_a_checkpoint_says_its_keys_in_its_description():
    policy = LinearPolicy(2, 1)
    assert observation_keys(policy) is None
    policy.metadata = {"observation_keys": {"b": 1, "a": 1}}  # type: ignore[attr-defined]
    assert observation_keys(policy) == ("b", "a")


def test_a_box_of_another_shape_is_raveled():
    env = flat_environment(Shows(GRID))
    observation, _ = env.reset(seed=0)
    np.testing.assert_allclose(observation, env.get_wrapper_attr("seen").ravel(), rtol=1e-6)


def test_steering_flattens_by_itself():
    env = LatentSteeringWrapper(shows(arm=BOX, grid=GRID), Choosing(8, 1), scale=0.5)
    observation, _ = env.reset(seed=0)
    np.testing.assert_allclose(
        observation[:6], env.get_wrapper_attr("seen")["grid"].ravel(), rtol=1e-6
    )
    assert env.step(np.zeros(2))[4]["env_steps"] == 2


def test_a_vector_of_environments_is_flattened_before_and_says_so():
    policy = Choosing(8, 1)

    def bare():
        return ActionChunkWrapper(shows(arm=BOX, grid=GRID), 2)

    with pytest.raises(PolicyMismatchError, match=r"flat_environment\(env, policy\), or in .* bef"):
        SteeringVecEnv(DummyVecEnv([bare]), policy, scale=0.5)

    def flat():
        return ActionChunkWrapper(flatten(shows(arm=BOX, grid=GRID), ("grid", "arm")), 2)

    envs = SteeringVecEnv(DummyVecEnv([flat] * 2), policy, scale=0.5)
    envs.seed(0)
    alone = LatentSteeringWrapper(shows(arm=BOX, grid=GRID), policy, scale=0.5)
    np.testing.assert_allclose(envs.reset()[0], alone.reset(seed=0)[0], rtol=1e-5)


@pytest.mark.parametrize(
    ("space", "message"),
    [
        (gym.spaces.Discrete(3), r"a flat Box or a Dict of them\. Got .* Discrete\(3\)"),
        (IMAGE, r"no pictures\. Got: an environment whose 'observation' is a picture"),
        (gym.spaces.Dict({"a": BOX, "eye": IMAGE}), r"whose 'eye' is a picture, .*FilterObservat"),
        (
            gym.spaces.Dict({"n": gym.spaces.Discrete(3)}),
            r"whose 'n' is Discrete\(3\)\. Leav",
        ),
    ],
)
def test_what_is_no_vector_is_refused_with_the_wrapper_that_would_help(space, message):
    with pytest.raises(PolicyMismatchError, match=message):
        LatentSteeringWrapper(Shows(space), LinearPolicy(2, 1), scale=0.5)


def test_an_image_that_the_policy_does_not_take_is_left_out():
    env = flat_environment(shows(eye=IMAGE, arm=BOX, grid=GRID), Choosing(8, 1))
    assert env.observation_space.shape == (8,)


def test_a_part_that_is_missing_names_both_sides():
    with pytest.raises(PolicyMismatchError, match=r"\['grid', 'arm'\]\. Got .* \['arm', 'leg'\]"):
        flat_environment(shows(arm=BOX, leg=BOX), Choosing(8, 1))


def test_another_size_names_both_sides():
    with pytest.raises(PolicyMismatchError, match=r"of size 5\. Got .* of size 8, .*FilterObserv"):
        LatentSteeringWrapper(shows(arm=BOX, grid=GRID), LinearPolicy(5, 1), scale=0.5)


class Named(Shows):
    """A flat box whose environment says which entries are which part."""

    def __init__(self, **sizes: int) -> None:
        super().__init__(gym.spaces.Box(-1.0, 1.0, (sum(sizes.values()),), np.float32))
        self.observation_keys = slices(sizes)


def taking(keys: object, size: int) -> LinearPolicy:
    policy = LinearPolicy(size, 1)
    policy.metadata = {"observation_keys": keys}  # type: ignore[attr-defined]
    return policy


def test_the_space_s_order_is_kept_at_every_depth():
    inner = gym.spaces.Dict(z=BOX, a=BOX)
    env = flat_environment(shows_in_order(state=GRID, goal=BOX, deep=inner, **{"a.b": BOX}))
    assert [*(named_parts(env) or ())] == ["state", "goal", "deep.z", "deep.a", "a.b"]
    observation, _ = env.reset(seed=0)
    seen = env.get_wrapper_attr("seen")
    parts = seen["state"], seen["goal"], seen["deep"]["z"], seen["deep"]["a"], seen["a.b"]
    np.testing.assert_allclose(observation, np.concatenate([*map(np.ravel, parts)]), rtol=1e-6)


def shows_in_order(**spaces: Any) -> Shows:
    return Shows(gym.spaces.Dict(**spaces))  # which sorts a mapping alone


def test_parts_of_a_flat_box_are_put_into_the_policy_s_order():
    env = flat_environment(Named(goal=2, state=3, other=1), taking({"state": 3, "goal": 2}, 5))
    observation, _ = env.reset(seed=0)
    seen = env.get_wrapper_attr("seen")
    np.testing.assert_array_equal(observation, [*seen[2:5], *seen[:2]])
    assert ordered_keys(env) == {"state": 3, "goal": 2}


@pytest.mark.parametrize(
    ("env", "keys"),
    [
        (Named(state=3, goal=2), {"state": 3, "goal": 2}),
        (Named(state=3, goal=2), ("state", "goal")),
        (Named(state=3, goal=2), {"observation": 5}),
        (Named(state=3, goal=2), {}),
        (Shows(BOX), ("state", "goal")),
    ],
)
def test_what_agrees_or_says_nothing_stays_as_it_is(env, keys):
    assert flat_environment(env, taking(keys, 5)) is env


@pytest.mark.parametrize(
    ("env", "keys", "message"),
    [
        (Named(state=3, goal=2), {"state": 2, "goal": 3}, r"state \(2\), goal \(3\)\. Got .*\(3\)"),
        (Named(state=3, goal=2), {"state": 3, "target": 2}, r"without \['target'\]"),
        (
            gym.wrappers.FlattenObservation(shows_in_order(state=GRID, goal=BOX)),
            {"state": 2, "goal": 6},
            "takes its observation as state",
        ),
    ],
)
def test_other_sizes_and_missing_parts_name_both_sides(env, keys, message):
    with pytest.raises(PolicyMismatchError, match=message):
        flat_environment(env, taking(keys, 5))


def test_what_gymnasium_has_flattened_is_put_into_the_policy_s_order():
    flat = gym.wrappers.FlattenObservation(shows_in_order(state=GRID, goal=BOX))
    assert ordered_keys(flat) == {"state": 6, "goal": 2}
    env = flat_environment(flat, taking(("goal", "state"), 8))
    observation, _ = env.reset(seed=0)
    seen = env.get_wrapper_attr("seen")
    np.testing.assert_allclose(observation[:2], seen["goal"], rtol=1e-6)


def test_names_behind_a_wrapper_that_changes_observations_count_for_nothing():
    env = gym.wrappers.TransformObservation(Named(state=3, goal=2), lambda seen: -seen, None)
    assert named_parts(env) is None
    assert ordered_keys(gym.wrappers.TimeLimit(Named(state=3), 3)) == {"state": 3}


def test_a_policy_of_another_robot_is_told_apart_from_one_of_another_order():
    policy = SimpleNamespace(observation_keys={"hand": 2, "object": 3})
    with pytest.raises(PolicyMismatchError, match=r"Wrap each environment in .*flat_environment"):
        check_order({"object": 3, "hand": 2}, policy)
    with pytest.raises(PolicyMismatchError, match=r"hand \(6\).* another robot .*make_policy"):
        check_order({"hand": 6, "object": 3}, policy)
