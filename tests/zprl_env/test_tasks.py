"""The table of tasks tells the truth about every environment."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from functools import partial

import gymnasium as gym
import numpy as np
import pytest

from tests.helpers.warm import run_warm
from zprl_env.envs import TASKS, make_env
from zprl_env.errors import UnknownNameError
from zprl_env.experts import Expert, make_expert
from zprl_env.tasks import find_task, folder_name, other_names, task_name

PACKAGES = {
    "robosuite": "robosuite",
    "metaworld": "metaworld",
    "adroit": "gymnasium_robotics",
    "real": "real.drivers.sim",
}
ONE_OF_EACH = ["Can", "box-close", "pen"]
ALL = [
    pytest.param(name, marks=() if name in {*ONE_OF_EACH, "Real"} else pytest.mark.slow)
    for name in TASKS
]


@pytest.fixture
def _installed(name):
    package = PACKAGES[TASKS[name].suite]
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"needs the extra {TASKS[name].suite}")


@pytest.mark.parametrize("name", ALL)
@pytest.mark.usefixtures("_installed")
def test_it_can_be_played_and_has_the_sizes_it_says(name):
    task, env = TASKS[name], make_env(name)
    env.action_space.seed(0)
    observation, info = env.reset(seed=0)
    assert observation.shape == env.observation_space.shape == (task.observation_dim,)
    assert env.action_space.shape == (task.action_dim,)
    assert env.spec is not None
    limit = None if task.own_limit else task.max_episode_steps
    assert env.spec.max_episode_steps == limit
    assert info["is_success"] is False
    for _ in range(3):
        observation, _, terminated, truncated, info = env.step(env.action_space.sample())
        assert env.observation_space.contains(observation)
        assert (terminated, truncated, info["is_success"]) == (False, False, False)
    env.close()


@pytest.mark.parametrize("name", [name for name, task in TASKS.items() if task.expert])
@pytest.mark.usefixtures("_installed")
def test_its_expert_can_be_made(name):
    assert isinstance(make_expert(name), Expert)


def test_the_paper_s_tasks_are_there_under_their_names():
    suites = {
        "robosuite": {"Lift", "Can", "Square", "Transport", "Stack", "Door"},
        "metaworld": {"box-close", "push-wall", "assembly"},
        "adroit": {"door", "hammer", "pen"},
        "real": {"Real", "Real-flip-egg", "Real-open-box", "Real-insert-bills"},
    }
    for suite, names in suites.items():
        assert names <= {name for name, task in TASKS.items() if task.suite == suite}
    assert sum(task.suite == "metaworld" for task in TASKS.values()) == 50


def test_a_task_is_found_by_name_and_by_id_and_else_the_nearest_is_named():
    assert task_name("Door") == task_name("ZPRL-Door-v0") == "Door"
    assert task_name("door") == task_name("ZPRL-AdroitDoor-v0") == "door"
    with pytest.raises(UnknownNameError, match=r"did you mean 'box-close'\? Known: .* and 64 more"):
        task_name("box-cloze")


@pytest.mark.slow
@pytest.mark.parametrize("name", ONE_OF_EACH)
@pytest.mark.usefixtures("_installed")
@pytest.mark.parametrize("vectorization_mode", ["sync", "async"])
def test_gymnasium_makes_a_vector_of_it(name, vectorization_mode):
    # The context of multiprocessing is gymnasium's choice: spawned where threads forbid forking.
    options = {"context": "spawn"} if vectorization_mode == "async" else {}
    envs = gym.make_vec(TASKS[name].id, 2, vectorization_mode, vector_kwargs=options)
    observations, _ = envs.reset(seed=3)
    alone = make_env(name)
    for worker in range(2):
        np.testing.assert_array_equal(observations[worker], alone.reset(seed=3 + worker)[0])
    *_, info = envs.step(envs.action_space.sample())
    assert info["is_success"].shape == (2,)
    alone.close()
    envs.close()


@pytest.mark.slow
@pytest.mark.parametrize("name", ONE_OF_EACH)
@pytest.mark.usefixtures("_installed")
@pytest.mark.parametrize("kind", ["DummyVecEnv", "SubprocVecEnv"])
def test_stable_baselines3_makes_a_vector_of_it(name, kind):
    util = pytest.importorskip("stable_baselines3.common.env_util")
    vec_env = pytest.importorskip("stable_baselines3.common.vec_env")
    options = {"start_method": "spawn"} if kind == "SubprocVecEnv" else {}
    envs = util.make_vec_env(
        partial(make_env, name),
        n_envs=2,
        seed=3,
        vec_env_cls=getattr(vec_env, kind),
        vec_env_kwargs=options,
    )
    observations = envs.reset()
    alone = make_env(name)
    for worker in range(2):
        np.testing.assert_array_equal(observations[worker], alone.reset(seed=3 + worker)[0])
    alone.close()
    envs.close()


def test_the_listing_names_every_task_of_a_suite():
    done = run_warm("-m", "zprl_env.envs", "--suite", "adroit")
    assert done.stderr == ""
    for word in ("ZPRL-AdroitDoor-v0", "ZPRL-AdroitHammer-v0", "ZPRL-AdroitPen-v0"):
        assert word in done.stdout


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_a_missing_suite_is_one_line_that_says_what_to_install(name):
    suite = TASKS[name].suite
    code = "\n".join(
        (
            "import sys",
            "class Blocked:",
            "    def find_spec(self, name, path=None, target=None):",
            f"        if name.partition('.')[0] == '{PACKAGES[suite]}':",
            "            raise ModuleNotFoundError(f'No module named {name}', name=name)",
            "sys.meta_path.insert(0, Blocked())",
            "from zprl_env import cli, make_env",
            f"cli.run(lambda: make_env('{name}'))",
        )
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.endswith(f'pip install "zprl-env[{suite}]"\n')


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("PickPlaceCan", "Can"),
        ("NutAssemblySquare", "Square"),
        ("TwoArmTransport", "Transport"),
        ("can", "Can"),
        ("square", "Square"),
        ("lift", "Lift"),
        ("transport", "Transport"),
        ("tool_hang", "ToolHang"),
        ("box-close-v3", "box-close"),
        ("hammer-v3", "metaworld-hammer"),
        ("pick-place-v3", "pick-place"),
        ("place-orange", "Real"),
        ("insert-bills", "Real-insert-bills"),
    ],
)
def test_a_name_of_the_same_environment_elsewhere_is_understood(theirs, ours):
    assert find_task(theirs) is TASKS[ours]
    assert task_name(theirs) == folder_name(theirs) == ours


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("box-close-v2", "'box-close'"),
        ("hammer-v2", "'metaworld-hammer'"),
        ("Meta-World/reach-v3", "'reach'"),
        ("AdroitHandDoor-v1", "'door'"),
        ("AdroitHandPenSparse-v1", "'pen'"),
        ("hammer-human-v1", "'hammer'"),
        ("robosuite/PickPlaceCan", "'Can'"),
        ("PickPlaceCan-v0", "'Can'"),
        ("pickplacecn", "'Can'"),
        ("NutAssemblySquar", "'Square'"),
        ("DOOR", "'Door' or 'door'"),
        ("LIFT", "'Lift'"),
    ],
)
def test_another_environment_of_the_same_task_is_suggested_by_our_name(theirs, ours, monkeypatch):
    # Where its suite has been imported it is an environment of its own, and means itself.
    monkeypatch.delitem(gym.registry, theirs, raising=False)
    with pytest.raises(UnknownNameError, match=rf"unknown environment .* did you mean {ours}\?"):
        find_task(theirs)


def test_no_other_name_hides_a_task():
    assert not {*other_names()} & {*TASKS}
    assert other_names()["door-open-v3"] == "door-open"
