"""Environments are found by name."""

from __future__ import annotations

import subprocess
import sys
from functools import partial

import gymnasium as gym
import numpy as np
import pytest

from zprl_env.envs import TASKS, make_env, register_envs
from zprl_env.errors import UnknownNameError


def test_every_task_has_an_id():
    for task in TASKS.values():
        spec = gym.spec(task.id)
        assert spec.entry_point == task.entry_point
        limit = None if task.own_limit else task.max_episode_steps
        assert spec.max_episode_steps == limit


def test_ids_and_slugs_name_one_task_each():
    assert len({task.id for task in TASKS.values()}) == len(TASKS)
    assert len({task.slug for task in TASKS.values()}) == len(TASKS)


def test_registering_again_changes_nothing():
    before = dict(gym.registry)
    register_envs()
    assert gym.registry == before


def test_an_unknown_name_names_the_nearest():
    with pytest.raises(UnknownNameError, match="unknown environment 'lfit'; did you mean 'Lift'"):
        make_env("lfit")


def test_importing_the_package_imports_no_simulator():
    code = "; ".join(
        (
            "import sys, zprl_env",
            "heavy = {'torch', 'robosuite', 'mujoco', 'metaworld', 'numba'} & sys.modules.keys()",
            "assert not heavy, heavy",
        )
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


class TestLift:
    @pytest.fixture(autouse=True)
    def _needs_robosuite(self):
        pytest.importorskip("robosuite", reason="needs the robosuite extra")

    def test_gymnasium_makes_it_without_an_import_of_ours(self):
        code = "; ".join(
            (
                "import gymnasium as gym",
                "env = gym.make('zprl_env:ZPRL-Lift-v0')",
                "print(env.reset(seed=0)[0].shape)",
            )
        )
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "(19,)\n", "")

    def test_its_time_limit_truncates(self):
        env = make_env("Lift")
        env.reset(seed=0)
        ends = [env.step(np.zeros(7, np.float32))[2:4] for _ in range(150)]
        assert ends == [(False, False)] * 149 + [(False, True)]
        env.close()

    def test_options_reach_the_environment(self):
        env = make_env("ZPRL-Lift-v0", max_episode_steps=3, fast=False)
        assert env.get_wrapper_attr("fast") is False
        env.reset(seed=0)
        assert [env.step(np.zeros(7))[3] for _ in range(3)] == [False, False, True]
        env.close()

    def test_workers_of_a_vec_env_see_what_one_process_sees(self):
        vec_env = pytest.importorskip("stable_baselines3.common.vec_env")
        venv = vec_env.SubprocVecEnv([partial(make_env, "Lift")] * 2, start_method="spawn")
        venv.seed(5)
        observations = [venv.reset()]
        action = np.full((2, 7), 0.5, np.float32)
        observations += [venv.step(action)[0] for _ in range(3)]
        venv.close()

        env = make_env("Lift")
        for worker in range(2):
            alone = [env.reset(seed=5 + worker)[0]]
            alone += [env.step(action[worker])[0] for _ in range(3)]
            np.testing.assert_array_equal([o[worker] for o in observations], alone)
        env.close()
