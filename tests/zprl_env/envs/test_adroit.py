"""Adroit's tasks keep the promises of a gymnasium environment."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import gymnasium as gym
import mujoco
import numpy as np
import pytest
from gymnasium.error import ResetNeeded

pytest.importorskip("gymnasium_robotics", reason="needs the adroit extra")

from policies.errors import ConfigurationError
from zprl_env.envs.adroit import ADROIT_TASKS, AdroitEnv
from zprl_env.errors import (
    MissingExtraError,
    UnknownNameError,
)

SIZES = {"door": (39, 28), "hammer": (46, 26), "pen": (45, 24)}


@pytest.fixture(scope="module", params=ADROIT_TASKS)
def env(request: pytest.FixtureRequest) -> Iterator[AdroitEnv]:
    env = AdroitEnv(request.param)
    yield env
    env.close()


@pytest.fixture
def door() -> Iterator[Callable[..., AdroitEnv]]:
    """Make doors; see `with_open_door`."""
    made: list[AdroitEnv] = []

    def make(**kwargs: Any) -> AdroitEnv:
        made.append(AdroitEnv("door", **kwargs))
        return with_open_door(made[-1])

    yield make
    for env in made:
        env.close()


def with_open_door(env: AdroitEnv) -> AdroitEnv:
    """Begin an episode in which somebody else has opened the door."""
    env.reset(seed=0)
    model, data = env._simulation()
    data.joint("door_hinge").qpos[:] = 1.5
    mujoco.mj_forward(model, data)
    return env


def episode(env: AdroitEnv, seed: int | None = None) -> np.ndarray:
    """Everything that ten random steps of an episode show."""
    actions = np.random.default_rng(7).uniform(-1, 1, (10, SIZES[env.task][1]))
    start = env.reset(seed=seed)[0]
    rows = [start] + [env.step(action)[0] for action in actions]
    return np.array(rows)


def steps_to_success(env: AdroitEnv) -> int:
    """How long the door has to stand open until the environment is content."""
    for t in range(1, 60):
        if env.step(np.zeros(28))[4]["is_success"]:
            return t
    pytest.fail("the door should have stayed open")


class TestConformance:
    def test_observations_are_as_long_as_their_keys_say_and_inside_their_space(self, env):
        rows = episode(env, seed=0)
        assert rows.shape[1:] == env.observation_space.shape == (SIZES[env.task][0],)
        assert env.action_space.shape == (SIZES[env.task][1],)
        assert [part.stop for part in env.observation_keys.values()][-1] == rows.shape[1]
        assert rows.dtype == np.float32
        assert all(env.observation_space.contains(row) for row in rows)

    def test_the_parts_are_where_the_simulation_has_them(self):
        sites = {
            "door": {"palm_pos": "S_grasp", "handle_pos": "S_handle"},
            "hammer": {"palm_pos": "S_grasp", "nail_pos": "S_target"},
        }
        for task, parts in sites.items():
            env = AdroitEnv(task)
            row = episode(env, seed=1)[-1]
            _, data = env._simulation()
            for key, site in parts.items():
                where = row[env.observation_keys[key]]
                np.testing.assert_allclose(where, data.site(site).xpos, atol=1e-6)
            env.close()

    def test_env_args_are_in_robomimics_form(self, env):
        args = json.loads(json.dumps(env.env_args))
        assert args["env_name"] == f"AdroitHand{env.task.title()}-v1"
        assert args["type"] == 2
        assert args["env_kwargs"] == {"action_repeat": 1, "success": "first"}


class TestSuccess:
    def test_first_is_done_when_the_criterion_holds_once(self, door):
        env = door()
        assert steps_to_success(env) == 1
        with pytest.raises(ResetNeeded):
            env.step(np.zeros(28))

    def test_held_is_done_when_the_criterion_has_held_for_25_steps(self, door):
        assert steps_to_success(door(success="held")) == 25

    def test_held_counts_control_steps_rather_than_actions(self, door):
        assert steps_to_success(door(success="held", action_repeat=5)) == 5

    def test_held_counts_afresh_in_every_episode(self, door):
        env = door(success="held", success_terminates=False)
        assert steps_to_success(env) == 25
        assert steps_to_success(with_open_door(env)) == 25

    def test_success_terminates_with_reward_one(self, door):
        assert door().step(np.zeros(28))[1:] == (1.0, True, False, {"is_success": True})

    def test_what_is_done_stays_done_where_success_does_not_terminate(self, door):
        env = door(success_terminates=False)
        steps_to_success(env)
        env._simulation()[1].joint("door_hinge").qpos[:] = 0.0
        for _ in range(3):
            _, reward, terminated, _, info = env.step(np.zeros(28))
            assert (reward, terminated, info["is_success"]) == (1.0, False, True)
        env.reset()
        assert not env.step(np.zeros(28))[4]["is_success"]


class TestActionRepeat:
    def test_an_action_is_applied_that_many_times(self, env):
        slow = AdroitEnv(env.task, action_repeat=3)
        action = np.full(env.action_space.shape, 0.3)
        env.reset(seed=2)
        slow.reset(seed=2)
        for _ in range(2):
            observation = slow.step(action)[0]
        for _ in range(6):
            expected = env.step(action)[0]
        np.testing.assert_array_equal(observation, expected)
        assert slow.metadata["render_fps"] == 33
        slow.close()

    @pytest.mark.parametrize("task", ADROIT_TASKS)
    def test_the_shaped_reward_that_is_left_out_changes_nothing_else(self, task):
        sparse, dense = (
            AdroitEnv(task, reward=reward, success_terminates=False)
            for reward in ("sparse", "dense")
        )
        rng = np.random.default_rng(0)
        np.testing.assert_array_equal(sparse.reset(seed=3)[0], dense.reset(seed=3)[0])
        for _ in range(50):
            action = rng.uniform(-1, 1, sparse.action_space.shape)
            seen, reward, _, _, info = sparse.step(action)
            expected, _, _, _, said = dense.step(action)
            np.testing.assert_array_equal(seen, expected)
            assert (reward, info) == (float(said["is_success"]), said)
        sparse.close()
        dense.close()

    def test_dense_rewards_are_summed(self):
        one, three = (
            AdroitEnv("door", reward="dense"),
            AdroitEnv("door", reward="dense", action_repeat=3),
        )
        one.reset(seed=0)
        three.reset(seed=0)
        action = np.zeros(28)
        assert three.step(action)[1] == pytest.approx(sum(one.step(action)[1] for _ in range(3)))
        one.close()
        three.close()

    def test_nothing_is_repeated_after_success(self, door):
        env = door(action_repeat=10)
        assert env.step(np.zeros(28))[2]
        assert env._simulation()[1].time == pytest.approx(0.01)

    @pytest.mark.parametrize("repeat", [0, -1, 1.5])
    def test_a_repeat_that_is_no_number_of_times(self, repeat):
        with pytest.raises(ConfigurationError, match="action_repeat must be a positive integer"):
            AdroitEnv("door", action_repeat=repeat)


class TestSeeding:
    def test_workers_that_are_spawned_play_the_same_episodes(self):
        make = partial(AdroitEnv, "door")
        workers = gym.vector.AsyncVectorEnv([make, make], context="spawn")
        rows, _ = workers.reset(seed=[5, 6])
        workers.close()
        env = AdroitEnv("door")
        np.testing.assert_array_equal(rows, [env.reset(seed=seed)[0] for seed in (5, 6)])
        env.close()


class TestRefusals:
    def test_names_that_are_unknown(self):
        with pytest.raises(
            UnknownNameError, match="unknown Adroit task 'pens'; did you mean 'pen'"
        ):
            AdroitEnv("pens")
        with pytest.raises(UnknownNameError, match="unknown success 'fist'; did you mean 'first'"):
            AdroitEnv("pen", success="fist")

    def test_a_machine_without_gymnasium_robotics(self, monkeypatch):
        for name in [name for name in sys.modules if name.startswith("gymnasium_robotics")]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "gymnasium_robotics", None)
        with pytest.raises(MissingExtraError, match=r'run: pip install "zprl-env\[adroit\]"$'):
            AdroitEnv("door")
