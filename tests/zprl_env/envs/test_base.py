"""What every suite's environment promises, on one task of each."""

from __future__ import annotations

import copy
import importlib.util
import pickle
import pkgutil
from collections.abc import Iterator

import numpy as np
import pytest
from gymnasium.error import ClosedEnvironmentError, ResetNeeded
from gymnasium.utils.env_checker import check_env as gymnasium_check_env
from stable_baselines3.common.env_checker import check_env as sb3_check_env

from tests.helpers.interpreter import run_python
from zprl_env import ActionChunkWrapper
from zprl_env.envs.base import SuiteEnv
from zprl_env.errors import (
    InvalidActionError,
    NotCopiedError,
    RenderingError,
    SimulationError,
    UnknownNameError,
)
from zprl_env.tasks import TASKS

PACKAGES = {"robosuite": "robosuite", "metaworld": "metaworld", "adroit": "gymnasium_robotics"}
ONE_OF_EACH = ["Lift", "reach", "door"]

EPISODE = """
import pkgutil, numpy as np
from zprl_env.tasks import TASKS
task = TASKS[{name!r}]
env = pkgutil.resolve_name(task.entry_point)(**task.kwargs)
actions = np.random.default_rng(7).uniform(-1, 1, (10, task.action_dim))
rows = [env.reset(seed=3)[0]] + [env.step(action)[0] for action in actions]
print(np.array(rows).tobytes().hex())
"""

STATES_ONLY = """
import pkgutil, sys
from zprl_env.tasks import TASKS
task = TASKS[{name!r}]
env = pkgutil.resolve_name(task.entry_point)(**task.kwargs, render_mode="rgb_array")
env.reset(seed=0)
env.step(env.action_space.sample())
assert not [m for m in sys.modules if m.startswith(("OpenGL", "mujoco.egl"))]
"""


def make(name: str, **options: object) -> SuiteEnv:
    """Make a task's environment itself, without gymnasium's wrappers."""
    task = TASKS[name]
    if importlib.util.find_spec(PACKAGES[task.suite]) is None:
        pytest.skip(f"needs the extra {task.suite}")
    env: SuiteEnv = pkgutil.resolve_name(task.entry_point)(**task.kwargs, **options)
    return env


def episode(env: SuiteEnv, seed: int | None = None) -> np.ndarray:
    """What ten random steps of an episode show, and the states behind them."""
    size = len(env.action_space.sample())
    actions = np.random.default_rng(7).uniform(-1, 1, (10, size))
    rows, states = [env.reset(seed=seed)[0]], []
    for action in actions:
        rows.append(env.step(action)[0])
        data = env._simulation()[1]
        states.append(np.concatenate([data.qpos, data.qvel]))
    return np.concatenate([np.ravel(rows), np.ravel(states)])


@pytest.fixture(scope="module", params=ONE_OF_EACH)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def env(name: str) -> Iterator[SuiteEnv]:
    env = make(name, render_mode="rgb_array", render_size=(48, 64))
    yield env
    env.close()


def test_both_checkers_pass(env):
    gymnasium_check_env(env, skip_render_check=True)
    sb3_check_env(env, skip_render_check=True)


def test_the_same_seed_is_the_same_episode_whatever_happened_before(env, name):
    first = episode(env, seed=3)
    episode(env, seed=4)
    env.reset()
    env.step(np.ones(env.action_space.shape))
    np.testing.assert_array_equal(episode(env, seed=3), first)
    other = make(name)
    np.testing.assert_array_equal(episode(other, seed=3), first)
    other.close()


def test_the_same_seed_is_the_same_episode_in_another_process(env, name):
    rows = np.frombuffer(bytes.fromhex(run_python(EPISODE.format(name=name)).strip()), np.float32)
    np.testing.assert_array_equal(rows, episode(env, seed=3)[: rows.size].astype(np.float32))


def test_episodes_without_a_seed_follow_from_the_last_one(env):
    first = [episode(env, seed=3), episode(env), episode(env)]
    second = [episode(env, seed=3), episode(env), episode(env)]
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first[0], first[1])
    assert not np.array_equal(first[1], first[2])


def test_actions_that_do_not_fit_are_refused(env):
    env.reset(seed=0)
    (size,) = env.action_space.shape
    with pytest.raises(InvalidActionError, match=rf"must have shape \({size},\), got \(3,\)"):
        env.step(np.zeros(3))
    spoiled = np.zeros(size)
    spoiled[0] = np.nan
    with pytest.raises(InvalidActionError, match=r"must be finite, got \[nan, 0.0"):
        env.step(spoiled)


def test_a_state_that_diverged_is_told_and_forgotten(env, monkeypatch, tmp_path, capfd):
    monkeypatch.chdir(tmp_path)  # MuJoCo logs it to the working directory and to stdout
    before = episode(env, seed=0)
    env._simulation()[1].qvel[3] = np.nan
    with pytest.raises(SimulationError, match=r"must stay finite.*call reset"):
        env.step(np.zeros(env.action_space.shape))
    with pytest.raises(ResetNeeded):
        env.step(np.zeros(env.action_space.shape))
    np.testing.assert_array_equal(episode(env, seed=0), before)
    capfd.readouterr()


def test_a_reset_comes_first_and_nothing_after_close(name):
    env = make(name, render_mode="rgb_array")
    zeros = np.zeros(len(env.action_space.sample()))
    with pytest.raises(ResetNeeded, match=r"step.*reset"):
        env.step(zeros)
    with pytest.raises(ResetNeeded, match=r"render.*reset"):
        env.render()
    env.reset(seed=0)
    env.reset()
    env.close()
    env.close()
    with pytest.raises(ClosedEnvironmentError, match="make a new one"):
        env.reset()
    with pytest.raises(ResetNeeded):
        env.step(zeros)


def test_unknown_rewards_and_render_modes_name_the_nearest(name):
    with pytest.raises(UnknownNameError, match="unknown reward 'spars'; did you mean 'sparse'"):
        make(name, reward="spars")
    with pytest.raises(UnknownNameError, match="unknown render mode 'human'"):
        make(name, render_mode="human")


def test_an_image_has_the_size_asked_for_and_leaves_the_episode_as_it_is(env):
    before = episode(env, seed=0)
    env.reset(seed=0)
    try:
        image = env.render()
    except RenderingError as error:
        pytest.skip(str(error))
    assert (image.shape, image.dtype) == ((48, 64, 3), np.uint8)
    assert image.std() > 10
    np.testing.assert_array_equal(episode(env, seed=0), before)
    assert np.abs(env.render().astype(int) - image).max() > 50


def test_without_a_render_mode_there_is_no_image(env, monkeypatch):
    monkeypatch.setattr(env, "render_mode", None)
    assert env.render() is None


def test_nothing_is_printed_and_no_opengl_loaded_for_states(name):
    make(name).close()
    assert run_python(STATES_ONLY.format(name=name)) == ""


@pytest.mark.parametrize("twice", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_copy_is_refused_rather_than_observing_the_original(env, twice):
    with pytest.raises(NotCopiedError, match=r"cannot be copied or pickled.*same seed and play"):
        twice(env)
    if twice is not copy.copy:
        with pytest.raises(NotCopiedError, match="SubprocVecEnv"):
            twice(ActionChunkWrapper(env, 2))
