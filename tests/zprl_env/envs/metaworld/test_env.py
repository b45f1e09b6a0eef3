"""Meta-World's tasks keep the promises of a gymnasium environment, and its own physics."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import sys
from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env as gymnasium_check_env

pytest.importorskip("metaworld", reason="needs the metaworld extra")

from metaworld.env_dict import ALL_V3_ENVIRONMENTS

from zprl_env.envs.metaworld.env import MetaWorldEnv
from zprl_env.errors import (
    MissingExtraError,
    RenderingError,
    UnknownNameError,
)

ALL = sorted(name.removesuffix("-v3") for name in ALL_V3_ENVIRONMENTS)
make_reach = functools.partial(MetaWorldEnv, "reach")


@pytest.fixture(scope="module")
def env() -> Iterator[MetaWorldEnv]:
    env = MetaWorldEnv("reach", render_mode="rgb_array", render_size=(48, 64))
    yield env
    env.close()


def reach(env: MetaWorldEnv, seed: int = 0) -> list[tuple]:
    """Move to the goal, and return what each step returned, up to the first success."""
    observation, _ = env.reset(seed=seed)
    results = []
    for _ in range(100):
        way = np.clip(10 * (observation[36:39] - observation[:3]), -1, 1)
        results.append(env.step(np.append(way, 0.0)))
        observation = results[-1][0]
        if results[-1][4]["is_success"]:
            return results
    pytest.fail("the hand should have reached the goal")


def episode_hash(env: MetaWorldEnv, seed: int | None = None) -> str:
    """Digest of everything that five random steps of an episode show."""
    rng = np.random.default_rng(7)
    digest = hashlib.sha256(env.reset(seed=seed)[0].tobytes())
    for _ in range(5):
        digest.update(env.step(rng.uniform(-1, 1, 4))[0].tobytes())
        digest.update(env._env.data.qpos.tobytes() + env._env.data.qvel.tobytes())
    return digest.hexdigest()


class TestConformance:
    @pytest.mark.parametrize("task", ["box-close", "push-wall", "stick-pull"])
    def test_both_checkers_pass(self, task):
        sb3 = pytest.importorskip("stable_baselines3.common.env_checker")
        env = MetaWorldEnv(task)
        gymnasium_check_env(env, skip_render_check=True)
        sb3.check_env(env, skip_render_check=True)
        assert not hasattr(env, "compute_reward")  # SB3 takes its owner for a goal environment
        env.close()

    @pytest.mark.slow
    @pytest.mark.parametrize("task", ALL)
    def test_every_task_steps_within_its_spaces_and_forgets_what_came_before(self, task):
        env = MetaWorldEnv(task, success_terminates=False)
        before = episode_hash(env, seed=0)
        observation, info = env.reset(seed=1)
        assert info == {"is_success": False}
        for _ in range(5):
            assert env.observation_space.contains(observation)
            observation, reward, terminated, truncated, info = env.step(env.action_space.sample())
            assert (terminated, truncated) == (False, False)
            assert reward == float(info["is_success"])
        assert episode_hash(env, seed=0) == before
        env.close()

    def test_observation_is_laid_out_as_its_keys_say(self, env):
        first, _ = env.reset(seed=0)
        second = env.step(np.ones(4))[0]
        keys = env.observation_keys
        assert {key: part.stop - part.start for key, part in keys.items()} == {
            "hand": 3,
            "gripper": 1,
            "object": 14,
            "previous": 18,
            "goal": 3,
        }
        np.testing.assert_array_equal(first[keys["previous"]], first[:18])
        np.testing.assert_array_equal(second[keys["previous"]], first[:18])
        np.testing.assert_allclose(second[keys["goal"]], env._env._target_pos, atol=1e-7)

    def test_env_args_make_the_environment_again(self, env):
        args = env.env_args
        assert args["env_name"] == "reach-v3"
        assert args["env_version"] == importlib.metadata.version("metaworld")
        again = MetaWorldEnv(args["env_name"], **args["env_kwargs"])
        assert episode_hash(again, seed=5) == episode_hash(env, seed=5)
        again.close()


class TestMetaWorldsOwn:
    @pytest.mark.slow
    @pytest.mark.parametrize("fast", [True, False])
    @pytest.mark.parametrize("task", ["basketball", "box-close", "push-wall", "stick-pull"])
    def test_states_observations_and_rewards_are_equal_to_the_bit(self, task, fast):
        env = MetaWorldEnv(task, reward="dense", success_terminates=False, fast=fast)
        assert env.fast == fast
        env.reset(seed=1)
        observation, _ = env.reset(seed=0)
        stock = ALL_V3_ENVIRONMENTS[f"{task}-v3"]()
        stock._set_task_called, stock._partially_observable = True, False
        del stock.sawyer_observation_space
        stock._last_rand_vec = env._env._last_rand_vec
        expected, _ = stock.reset()
        np.testing.assert_array_equal(observation, expected.astype(np.float32))
        stepped: Any = env._env
        rng = np.random.default_rng(0)
        for t in range(200):
            action = rng.uniform(-1, 1, 4)
            if t > 80:  # random motion touches nothing
                action[:3] = np.clip(10 * (expected[4:7] - expected[:3]), -1, 1)
            observation, reward, _, _, info = env.step(action)
            expected, expected_reward, _, _, expected_info = stock.step(action)
            np.testing.assert_array_equal(env._env.data.qpos, stock.data.qpos)
            np.testing.assert_array_equal(env._env.data.qvel, stock.data.qvel)
            np.testing.assert_array_equal(observation, expected.astype(np.float32))
            assert reward == expected_reward
            assert info == {"is_success": bool(expected_info["success"])}
            assert stepped.evaluate_state(expected, action)[1] == expected_info
        env.close()
        stock.close()


class TestEnds:
    def test_success_terminates_with_reward_one(self, env):
        results = reach(env)
        assert results[-1][1:] == (1.0, True, False, {"is_success": True})
        assert {result[1:4] for result in results[:-1]} == {(0.0, False, False)}
        with pytest.raises(ResetNeeded, match="call reset"):
            env.step(np.zeros(4))

    def test_success_may_leave_the_episode_running(self):
        env = MetaWorldEnv("reach", success_terminates=False, reward="dense")
        reward, terminated, truncated, info = reach(env)[-1][1:]
        assert (terminated, truncated, info) == (False, False, {"is_success": True})
        assert reward > 5.0
        env.step(np.zeros(4))
        env.close()

    @pytest.mark.parametrize("fast", [True, False])
    def test_metaworlds_horizon_of_500_steps_ends_nothing(self, fast):
        env = MetaWorldEnv("door-lock", fast=fast)
        env.reset(seed=0)
        for _ in range(502):
            assert env.step(np.zeros(4))[1:] == (0.0, False, False, {"is_success": False})
        env.close()


class TestSeeding:
    def test_layouts_are_fresh_and_fill_the_reset_space(self, env):
        goals = np.array([env.reset(seed=seed)[0][36:39] for seed in range(60)])
        assert len(np.unique(goals, axis=0)) == 60
        space = env._env._random_reset_space
        spread = goals.max(axis=0) - goals.min(axis=0)
        assert (spread > 0.85 * (space.high - space.low)[3:]).all()

    def test_numpys_global_generator_is_neither_used_nor_moved(self, env):
        before = np.random.get_state(legacy=False)["state"]["key"].copy()  # noqa: NPY002
        episode_hash(env)
        after = np.random.get_state(legacy=False)["state"]["key"]  # noqa: NPY002
        np.testing.assert_array_equal(before, after)


class TestGoal:
    def test_a_goal_that_is_hidden_is_zeros_and_changes_nothing_else(self):
        seen, hidden = MetaWorldEnv("push"), MetaWorldEnv("push", goal_observable=False)
        pairs = [(seen.reset(seed=0)[0], hidden.reset(seed=0)[0])]
        pairs += [(seen.step(np.ones(4))[0], hidden.step(np.ones(4))[0]) for _ in range(3)]
        for observation, without in pairs:
            assert observation[36:39].all()
            assert not without[36:39].any()
            np.testing.assert_array_equal(observation[:36], without[:36])
            assert hidden.observation_space.contains(without)
        assert hidden.env_args["env_kwargs"] == {"goal_observable": False}
        seen.close()
        hidden.close()


class TestRefusals:
    def test_a_task_that_is_unknown(self):
        with pytest.raises(UnknownNameError, match="'box-clse'; did you mean 'box-close'"):
            MetaWorldEnv("box-clse")

    def test_a_machine_without_metaworld(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "metaworld", None)
        with pytest.raises(MissingExtraError, match=r'run: pip install "zprl-env\[metaworld\]"$'):
            MetaWorldEnv("reach")


class TestManyAtOnce:
    def test_workers_of_both_libraries_give_what_one_environment_gives(self, env):
        vec_env = pytest.importorskip("stable_baselines3.common.vec_env")
        expected = env.reset(seed=3)[0]
        workers = vec_env.SubprocVecEnv([make_reach], start_method="spawn")
        workers.seed(3)
        np.testing.assert_array_equal(workers.reset()[0], expected)
        workers.close()
        vector = gym.vector.AsyncVectorEnv([make_reach], context="spawn")
        np.testing.assert_array_equal(vector.reset(seed=3)[0][0], expected)
        vector.close()


class TestRendering:
    @pytest.fixture(autouse=True)
    def _needs_opengl(self, env):
        env.reset(seed=0)
        try:
            env.render()
        except RenderingError as error:
            pytest.skip(str(error))

    def test_image_is_upright_and_shows_the_hand_moving(self, env):
        image = env.render().astype(int)
        assert image.shape == (48, 64, 3)
        for _ in range(20):
            env.step(np.array([0, 0, -1, 0]))
        # The arm is red, and comes down with the hand.
        rows = [
            np.nonzero((picture[..., 0] - picture[..., 1:].max(axis=-1)) > 60)[0].mean()
            for picture in (image, env.render().astype(int))
        ]
        assert rows[1] > rows[0] + 1
