"""Environments are found by name."""

from __future__ import annotations

import subprocess
import sys
from functools import partial

import gymnasium as gym
import numpy as np
import pytest

from zprl_env.envs import TASKS, Task, find_task, make_env, register_envs, register_task
from zprl_env.errors import ConfigurationError, UnknownNameError
from zprl_env.tasks import folder_name


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


PENDULUM = "gymnasium.envs.classic_control:PendulumEnv"


def limit_of(env: gym.Env) -> int | None:
    assert env.spec is not None
    return env.spec.max_episode_steps


@pytest.fixture
def _registry():
    before, ids = dict(TASKS), {*gym.registry}
    yield
    TASKS.clear()
    TASKS.update(before)
    for name in {*gym.registry} - ids:
        del gym.registry[name]


@pytest.mark.usefixtures("_registry")
class TestRegisterTask:
    def test_it_behaves_like_a_shipped_one(self):
        task = Task("Swing-v0", "lab", PENDULUM, {"g": 5.0}, max_episode_steps=3)
        assert register_task(task, "swing") == "swing"
        assert find_task("swing") is find_task("Swing-v0") is task
        for name in ("swing", "Swing-v0", task):
            env = make_env(name)
            assert env.get_wrapper_attr("g") == 5.0
            assert limit_of(env) == 3
        assert folder_name("Swing-v0") == "swing"

    def test_the_same_again_changes_nothing(self):
        task = Task("Swing-v0", "lab", PENDULUM)
        register_task(task)
        before = dict(TASKS)
        assert register_task(Task("Swing-v0", "lab", PENDULUM)) == "Swing"
        assert before == TASKS

    @pytest.mark.parametrize(
        ("task", "name", "message"),
        [
            (Task("Swing-v0", "lab", PENDULUM), "Lift", r"there is 'Lift' with ZPRL-Lift-v0 alre"),
            (Task("ZPRL-Lift-v0", "lab", PENDULUM), "mine", r"name and id must be its own"),
            (Task("Pendulum-v1", "lab", "lab:Env"), "mine", r"gymnasium knows as .*Pendulum"),
            (Task("Swing-v0", "lab", PENDULUM), "a:b", r"must be a word without a colon"),
            (Task("Swing", "lab", PENDULUM), None, r"id must be gymnasium's, with a version"),
            (Task("Swing-v0", "", PENDULUM), None, r"suite must be the name of where it comes"),
            (Task("Swing-v0", "lab", "swing.py"), None, r'entry_point must be "module:Class"'),
            (Task("Swing-v0", "lab", PENDULUM, expert="me"), None, r'expert must be "module:Class'),
            (Task("Swing-v0", "lab", PENDULUM, max_episode_steps=0), None, r"must be at least 1"),
            ("Swing-v0", None, r"takes a zprl_env.Task\. Got: 'Swing-v0'"),
        ],
    )
    def test_what_is_impossible_or_another_s_is_refused(self, task, name, message):
        before = dict(TASKS)
        with pytest.raises(ConfigurationError, match=message):
            register_task(task, name)
        assert before == TASKS

    def test_a_process_that_did_not_register_it_makes_it_by_its_row(self):
        task = Task("Swing-v1", "lab", PENDULUM, max_episode_steps=3)
        assert limit_of(make_env(task)) == 3


def test_any_gymnasium_id_is_made_and_its_arguments_are_checked():
    assert make_env("Pendulum-v1", g=5.0).get_wrapper_attr("g") == 5.0
    assert limit_of(make_env("Pendulum-v1", max_episode_steps=3)) == 3
    with pytest.raises(ConfigurationError, match=r"Pendulum-v1 takes: render_mode, g\. Got: .*'h'"):
        make_env("Pendulum-v1", h=5.0)


def test_an_id_behind_its_package_imports_the_package():
    pytest.importorskip("gymnasium_robotics", reason="needs the adroit extra")
    code = (
        "from zprl_env import make_env; from zprl_env.envs import find_task;"
        "task = find_task('gymnasium_robotics:FetchReach-v4');"
        "print(task.suite, task.max_episode_steps, task.slug);"
        "print(sorted(make_env('gymnasium_robotics:FetchReach-v4').observation_space))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split("\n")[0] == " 50 gymnasium_robotics.fetch-reach-v4", done.stderr
    assert "desired_goal" in done.stdout


def test_no_foreign_environment_has_a_shipped_policy():
    assert find_task("Pendulum-v1").slug == "pendulum-v1"
    assert find_task("adroit:door").slug not in {task.slug for task in TASKS.values()}
