"""Rewards and observations describe the state at the end of the control step."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

pytest.importorskip("robosuite", reason="needs the robosuite extra")

from tests.helpers.stock_arm import StockArm
from zprl_env.envs.robosuite.env import RobosuiteEnv
from zprl_env.envs.robosuite.fast_loop import FastLoop


def test_observables_made_from_later_ones_are_up_to_date(monkeypatch):
    # In robosuite the nut's pose in the hand is the one of the control step before, at first zero.
    fast, stock = (RobosuiteEnv("NutAssemblySquare", fast=choice) for choice in (True, False))
    monkeypatch.setattr(FastLoop, "arm_type", StockArm)
    observations = [env.reset(seed=0)[0] for env in (fast, stock)]
    assert fast.fast
    nut_in_hand = observations[0][fast.observation_keys["object"]][:3]
    assert np.linalg.norm(nut_in_hand) > 0.05
    for _ in range(3):
        np.testing.assert_array_equal(observations[0], observations[1])
        observations = [env.step(np.ones(7))[0] for env in (fast, stock)]
    fast.close()
    stock.close()


def test_a_number_that_mujoco_could_not_go_on_with_is_noticed(fast):
    fast.reset(seed=0)
    assert not fast._env.diverged()
    fast._env.sim.data._data.warning.number[mujoco.mjtWarning.mjWARN_BADQACC] += 1
    assert fast._env.diverged()
    fast.reset(seed=0)
    assert not fast._env.diverged()


def test_each_observable_is_sampled_once_and_is_up_to_date(fast):
    fast.reset(seed=0)
    env = fast._env
    assert env._passes == 1
    assert len(env._order) == len(env._observables)
    first = {name: np.ravel(seen.obs).copy() for name, seen in env._observables.items()}
    env._update_observables(force=True)
    for name, seen in env._observables.items():
        np.testing.assert_array_equal(np.ravel(seen.obs), first[name])


@pytest.mark.slow
@pytest.mark.parametrize("task", ["PickPlaceCan", "NutAssemblySquare", "TwoArmTransport"])
def test_sampled_once_they_are_what_they_are_sampled_again_and_again(task):
    env = RobosuiteEnv(task)
    env.reset(seed=0)
    env.action_space.seed(0)
    inner = env._env
    for _ in range(5):
        seen = env.step(env.action_space.sample())[0]
        for _ in range(4):  # in robosuite's own order
            for observable in inner._observables.values():
                observable.update(inner.model_timestep, inner._obs_cache, True)
        whole = inner._get_observations()
        for key, name in env._names.items():
            again = np.ravel(whole[name]).astype(np.float32)
            np.testing.assert_array_equal(seen[env.observation_keys[key]], again)
    env.close()
