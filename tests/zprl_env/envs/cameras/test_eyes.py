"""Observations with pictures: every suite's, of the present state, once per chunk."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import gymnasium as gym
import mujoco
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env as gymnasium_check_env
from stable_baselines3.common.env_checker import check_env as sb3_check_env
from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv

from policies.pictures.settings import PictureSettings
from tests.helpers.interpreter import run_python
from zprl_env import ActionChunkWrapper
from zprl_env.envs import make_env
from zprl_env.envs.cameras.opengl import render_thread
from zprl_env.envs.cameras.renderer import SceneRenderer
from zprl_env.errors import ConfigurationError, RenderingError, UnknownNameError
from zprl_env.tasks import SEEN, TASKS, find_task

PACKAGES = {"Lift": "robosuite", "box-close": "metaworld", "door": "gymnasium_robotics"}
CAMERAS = {
    "Lift": ("robot0_eye_in_hand", "agentview"),
    "box-close": ("corner2", "gripperPOV"),
    "door": ("vil_camera", "fixed"),
}
FELT = {"Lift": 9, "box-close": 4, "door": 27}
MARKERS = {"Lift": "cube_main", "box-close": "boxbody", "door": "latch"}
"""A body of each suite that is painted, after it was put aside so that a mirror would show."""
ASIDE = {"Lift": (0.1, 0.12, 0.0), "box-close": (0.15, 0.0, 0.0), "door": (0.0, 0.0, 0.0)}
UPRIGHT = {"Lift": "agentview", "box-close": "corner2", "door": "vil_camera"}


def make(name: str, **options: Any) -> Any:
    if importlib.util.find_spec(PACKAGES[name]) is None:
        pytest.skip(f"needs {PACKAGES[name]}")
    return make_env(name, **{"cameras": CAMERAS[name], "image_size": 48, **options})


@pytest.fixture(scope="module", params=[*PACKAGES])
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def env(name: str) -> Iterator[gym.Env]:
    env = make(name)
    yield env
    env.close()


def fresh(env: Any) -> dict[str, np.ndarray]:
    """Pictures of the present state by a renderer and with data of their own."""
    own = env.unwrapped
    model, data = own._simulation()
    copy = mujoco.MjData(model)
    copy.qpos[:], copy.mocap_pos[:], copy.mocap_quat[:] = (
        data.qpos,
        data.mocap_pos,
        data.mocap_quat,
    )
    mujoco.mj_forward(model, copy)
    settings = own.picture_settings
    size, quality = settings.image_size, settings.quality
    renderer = SceneRenderer(model, size, quality, own.hidden_geom_groups, own.turned_cameras)
    taken = renderer.render(copy, settings.cameras)
    renderer.close()
    return taken


def same(observation: Any, pictures: dict[str, np.ndarray]) -> bool:
    return all(np.array_equal(observation[camera], pictures[camera]) for camera in pictures)


def test_an_observation_is_what_is_felt_and_the_pictures_in_the_order_of_the_cameras(env, name):
    assert [*env.observation_space.spaces] == ["state", *CAMERAS[name]]
    observation, _ = env.reset(seed=0)
    assert [*observation] == ["state", *CAMERAS[name]]
    assert observation["state"].shape == (FELT[name],)
    for camera in CAMERAS[name]:
        assert (observation[camera].shape, observation[camera].dtype) == ((48, 48, 3), np.uint8)
        assert np.ptp(observation[camera]) > 50


def test_both_checkers_pass_without_a_warning(env, recwarn):
    gymnasium_check_env(env.unwrapped, skip_render_check=True)
    sb3_check_env(env.unwrapped, skip_render_check=True)
    assert [str(w.message) for w in recwarn if "observation" in str(w.message).lower()] == []


def test_the_picture_is_the_present_state_s_after_reset_and_every_step(env):
    observation, _ = env.reset(seed=1)
    assert same(observation, fresh(env))
    before = observation
    for action in np.random.default_rng(0).uniform(-1, 1, (3, *env.action_space.shape)):
        observation, *_ = env.step(action)
        assert same(observation, fresh(env))
    assert not same(observation, before)
    again, _ = env.reset(seed=1)
    assert same(again, {camera: before[camera] for camera in CAMERAS[env_name(env)]})


def env_name(env: Any) -> str:
    return next(n for n, p in CAMERAS.items() if p == env.unwrapped.picture_settings.cameras)


def test_the_picture_is_the_present_state_s_after_the_state_was_set(env):
    env.reset(seed=2)
    before = env.unwrapped.pictures()
    data = env.unwrapped._simulation()[1]
    data.qpos[:3] += 0.2
    after = env.unwrapped.pictures()
    assert same(after, fresh(env))
    assert not same(after, before)


def test_looking_does_not_change_the_episode(env, name):
    actions = np.random.default_rng(3).uniform(-1, 1, (4, *env.action_space.shape))
    blind: Any = make_env(name)
    states = [blind.reset(seed=5)[0], *(blind.step(action)[0] for action in actions)]
    keys = blind.unwrapped.observation_keys
    blind.close()
    seen = [env.reset(seed=5)[0], *(env.step(action)[0] for action in actions)]
    for key, part in env.unwrapped.observation_keys.items():
        for state, observation in zip(states, seen, strict=True):
            np.testing.assert_array_equal(state[keys[key]], observation["state"][part])


def test_a_body_is_seen_where_the_camera_s_geometry_says(env, name):
    """A body that is painted changes the picture around the point that a pinhole camera gives."""
    env.reset(seed=0)
    own, settings, camera = env.unwrapped, env.unwrapped.picture_settings, UPRIGHT[name]
    model, data = own._simulation()
    number = model.body(MARKERS[name]).id
    aside = np.array(ASIDE[name])
    free = model.body_jntnum[number] and model.jnt_type[model.body_jntadr[number]] == 0
    if free:
        start = model.jnt_qposadr[model.body_jntadr[number]]
        data.qpos[start : start + 3] += aside
    else:
        model.body_pos[number] += aside
    mujoco.mj_kinematics(model, data)
    geoms = [
        g
        for g in range(model.ngeom)
        if _within(model, model.geom_bodyid[g], number)
        and model.geom_group[g] not in (*own.hidden_geom_groups, 3, 4, 5)
    ]
    kept = model.geom_rgba[geoms].copy(), model.geom_matid[geoms].copy()
    model.geom_rgba[geoms], model.geom_matid[geoms] = (0.0, 0.0, 1.0, 1.0), -1
    blue = own.pictures()
    model.geom_rgba[geoms] = (1.0, 0.0, 0.0, 1.0)
    marked = own.pictures()
    model.geom_rgba[geoms], model.geom_matid[geoms] = kept
    if not free:
        model.body_pos[number] -= aside

    view, rotation = settings.views[camera], np.empty(9)
    assert view.parent == "world"
    mujoco.mju_quat2Mat(rotation, np.array(view.quaternion))
    middle = data.geom_xpos[geoms].mean(axis=0)
    x, y, z = rotation.reshape(3, 3).T @ (middle - np.array(view.position))
    focal = 24 / np.tan(np.radians(view.fov) / 2)
    row, column = 23.5 - focal * y / -z, 23.5 + focal * x / -z
    differs = np.abs(marked[camera].astype(int) - blue[camera]).max(axis=2) > 60
    changed = np.argwhere(differs)
    assert len(changed) > 3
    most = [seen[camera][differs].mean(axis=0) for seen in (marked, blue)]
    assert [int(colour.argmax()) for colour in most] == [0, 2]  # red and blue, not BGR
    found = changed.mean(axis=0)
    np.testing.assert_allclose(found, (row, column), atol=3)
    for mirrored in ((row, 47 - column), (47 - row, column), (47 - row, 47 - column)):
        assert np.linalg.norm(found - np.array(mirrored)) > 4


def _within(model: Any, body: int, root: int) -> bool:
    while body:
        if body == root:
            return True
        body = model.body_parentid[body]
    return False


def test_a_chunk_takes_one_picture_per_camera_of_the_state_at_its_end(env, monkeypatch):
    counted = count_pictures(env, monkeypatch)
    chunks = ActionChunkWrapper(env, n_action_steps=5)
    observation, _ = chunks.reset(seed=0)
    assert (counted, type(observation)) == ([2], dict)
    for _ in range(3):
        counted.clear()
        observation, *_ = chunks.step(chunks.action_space.sample())
        assert (counted, type(observation)) == ([2], dict)
        assert same(observation, fresh(env))


def count_pictures(env: Any, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count, by call, the pictures that an environment's renderer takes."""
    counted: list[int] = []
    renderer, render = env.unwrapped._renderer, env.unwrapped._renderer.render

    def counting(data: Any, cameras: Any) -> Any:
        counted.append(len(cameras))
        return render(data, cameras)

    monkeypatch.setattr(renderer, "render", counting)
    return counted


@pytest.fixture(scope="module")
def door() -> Iterator[gym.Env]:
    env = make("door", cameras=("vil_camera",), image_size=16)
    yield env
    env.close()


def test_a_wrapper_that_looks_or_keeps_within_a_chunk_gets_each_step_s_own_picture(door):
    class Looks(gym.Wrapper):
        def step(self, action):
            observation, *rest = self.env.step(action)
            seen.append(observation["vil_camera"])
            return observation, *rest

    class Keeps(gym.Wrapper):
        def step(self, action):
            observation, *rest = self.env.step(action)
            seen.append(observation)
            return observation, *rest

    actions, found = np.random.default_rng(0).uniform(-1, 1, (4, 28)), []
    door.reset(seed=0)
    alone = [door.step(action)[0]["vil_camera"] for action in actions]
    for wrapper in (Looks, Keeps):
        seen: list[Any] = []
        chunks = ActionChunkWrapper(wrapper(door), n_action_steps=4)
        chunks.reset(seed=0)
        chunks.step(actions)
        found.append([one if wrapper is Looks else one["vil_camera"] for one in seen])
    np.testing.assert_array_equal(found, [alone, alone])


def test_an_error_within_a_chunk_leaves_pictures_as_they_were(door):
    chunks = ActionChunkWrapper(door, n_action_steps=2)
    chunks.reset(seed=0)
    with pytest.raises(Exception, match="finite"):
        chunks.step(np.full((2, 28), np.nan))
    assert type(door.step(np.zeros(28))[0]) is dict


@pytest.mark.parametrize("observation", ["both", "state"])
def test_both_checkers_pass_whatever_is_observed(observation, recwarn):
    env = make("door", observation=observation, cameras=("fixed",), image_size=36)
    gymnasium_check_env(env.unwrapped, skip_render_check=True)
    sb3_check_env(env.unwrapped, skip_render_check=True)
    env.close()
    assert [str(w.message) for w in recwarn if "observation" in str(w.message).lower()] == []


WORKERS = """
from functools import partial
import gymnasium as gym
from stable_baselines3.common.vec_env import SubprocVecEnv
from zprl_env import ActionChunkWrapper
from zprl_env.envs import make_env
from zprl_env.envs.cameras import opengl

class Counts(gym.Wrapper):
    def __init__(self, env):
        super().__init__(env)
        self.counted, renderer = [], env.unwrapped._renderer
        render = renderer.render
        def counting(data, cameras):
            self.counted.append(len(cameras))
            return render(data, cameras)
        renderer.render = counting

def start():
    env = make_env("door", cameras=("vil_camera", "fixed"), image_size=16)
    return Counts(ActionChunkWrapper(env, 5))

def hangs():
    opengl.DEADLINE = 0.1
    opengl.RenderThread._open = lambda thread: __import__("time").sleep(60)
    return start()

if __name__ == "__main__":
    envs = SubprocVecEnv([start, start])
    envs.reset()
    for _ in range(3):
        envs.step([envs.action_space.sample() for _ in range(2)])
    print(envs.get_attr("counted"), len(opengl._threads))
    envs.close()
    try:
        SubprocVecEnv([hangs])
    except (EOFError, ConnectionError) as error:
        print("ended")
"""


@pytest.mark.slow
def test_workers_take_one_picture_per_camera_and_decision_and_one_whose_driver_hangs_ends(tmp_path):
    if importlib.util.find_spec(PACKAGES["door"]) is None:
        pytest.skip("needs the extra adroit")
    script = tmp_path / "workers.py"
    script.write_text(WORKERS)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    # A reset and three decisions, two cameras each; and no OpenGL in the process that asks.
    assert done.stdout.splitlines() == ["[[2, 2, 2, 2], [2, 2, 2, 2]] 0", "ended"]
    assert "a picture must be there within 0.1 s. Got: none from MUJOCO_GL=egl" in done.stderr


@pytest.mark.parametrize("kind", [DummyVecEnv, SubprocVecEnv])
def test_the_last_picture_of_an_episode_is_its_own_and_not_the_next_one_s(kind, door):
    def start() -> gym.Env:
        env = make_env("door", cameras=("vil_camera",), image_size=16, max_episode_steps=6)
        return ActionChunkWrapper(env, 4)

    actions = np.random.default_rng(0).uniform(-1, 1, (2, 1, 4, 28)).astype(np.float32)
    envs = kind([start])
    envs.seed(3)
    envs.reset()
    envs.step(actions[0])
    after, _, _, (info,) = envs.step(actions[1])
    envs.close()
    door.reset(seed=3)
    for action in actions.reshape(8, 28)[:6]:
        last, *_ = door.step(action)
    np.testing.assert_array_equal(info["terminal_observation"]["vil_camera"], last["vil_camera"])
    assert not np.array_equal(after["vil_camera"][0], last["vil_camera"])


def test_contexts_stay_the_same_over_resets_and_end_with_their_environment(door):
    there = len(render_thread().contexts)
    for seed in range(200):
        door.reset(seed=seed)
    assert len(render_thread().contexts) == there
    other = make("door", image_size=16)
    assert len(render_thread().contexts) == there + 1
    other.close()
    assert len(render_thread().contexts) == there


def test_a_model_that_is_built_anew_is_drawn_and_the_old_one_freed(door):
    env = make("door", image_size=16)
    there = len(render_thread().contexts)
    model = mujoco.MjModel.from_xml_string(
        '<mujoco><worldbody><camera name="vil_camera"/><camera name="fixed"/></worldbody></mujoco>'
    )
    data = mujoco.MjData(model)
    env.unwrapped._simulation = lambda: (model, data)
    assert np.ptp(env.unwrapped.pictures()["fixed"]) == 0
    assert len(render_thread().contexts) == there
    env.close()


def test_both_observes_all_of_the_state_and_state_leaves_pictures_to_whoever_asks():
    both, state = make("door", observation="both"), make("door", observation="state")
    seen, flat = both.reset(seed=0)[0], state.reset(seed=0)[0]
    np.testing.assert_array_equal(seen["state"], flat)
    assert flat.shape == (39,)
    assert same(seen, state.unwrapped.pictures())
    both.close()
    state.close()
    blind: Any = make_env("door")
    with pytest.raises(RenderingError, match="need an environment with cameras"):
        blind.unwrapped.pictures()


def test_pictures_are_described_so_that_others_can_be_compared_with_them(env, name):
    settings = env.get_wrapper_attr("picture_settings")
    assert PictureSettings.from_json(settings.to_json()) == settings
    assert (settings.cameras, settings.image_size) == (CAMERAS[name], (48, 48))
    assert settings.quality.name == "fast"
    assert settings.renderer == render_thread().renderer != ""
    assert {"mujoco", env.unwrapped.suite} == {*settings.versions}
    envs = DummyVecEnv([lambda: make("door")])
    assert envs.get_attr("picture_settings")[0].cameras == CAMERAS["door"]
    envs.close()


def test_registered_ids_are_seen_through_the_suite_s_usual_cameras():
    env: Any = gym.make("zprl_env:ZPRL-AdroitDoor-Pixels-v0", image_size=16)
    assert [*env.observation_space.spaces] == ["state", "vil_camera", "fixed"]
    env.close()
    env = make_env("door-Pixels", cameras=("fixed",), image_size=16)
    assert [*env.observation_space.spaces] == ["state", "fixed"]
    assert env.spec.max_episode_steps == 200
    env.close()


def test_every_task_of_a_suite_with_cameras_has_an_id_that_is_seen():
    for name, task in TASKS.items():
        if task.suite in SEEN:
            seen = find_task(f"{name}-Pixels")
            assert seen.id in gym.registry
            assert seen.id == task.id.replace("-v0", "-Pixels-v0")
            assert gym.registry[seen.id].kwargs["observation"] == "pixels"


@pytest.mark.parametrize(
    ("id", "package"),
    [
        ("ZPRL-Lift-Pixels-v0", "robosuite"),
        ("ZPRL-BoxClose-Pixels-v0", "metaworld"),
        ("ZPRL-Real-Pixels-v0", "robosuite"),
    ],
)
def test_an_id_is_made_with_usual_cameras_and_no_object_s_place(id, package):
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"needs {package}")
    with closing(gym.make(f"zprl_env:{id}", image_size=16)) as env:
        own: Any = env.unwrapped
        assert [*own.observation_space.spaces] == ["state", *own.picture_settings.cameras]
        assert not [key for key in own.observation_keys if re.search("object|goal|orange", key)]


def test_a_gpu_is_chosen_by_its_own_variable_and_not_by_cuda_s():
    make("door", image_size=16).close()  # skips without the suite
    draws = "import os; os.environ.update({%s}); from zprl_env.envs import make_env\n" + (
        'make_env("door", cameras=("fixed",), image_size=16).close(); print("drawn")'
    )
    assert "drawn" in run_python(draws % '"CUDA_VISIBLE_DEVICES": "7"')
    code = draws % '"MUJOCO_EGL_DEVICE_ID": "99"'
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert re.search(r"RenderingError: .*MUJOCO_EGL_DEVICE_ID.*got 99", done.stderr)


def test_what_cannot_be_seen_is_refused_when_the_environment_is_made(monkeypatch):
    there = len(render_thread().contexts)
    with pytest.raises(UnknownNameError, match="unknown camera 'fixd'; did you mean 'fixed'"):
        make("door", cameras=("fixd",))
    with pytest.raises(ConfigurationError, match="image_size must be"):
        make("door", image_size=0)
    monkeypatch.setenv("MUJOCO_GL", "nonsense")
    with pytest.raises(RenderingError, match="MUJOCO_GL=nonsense gave none"):
        make("door")
    monkeypatch.setenv("MUJOCO_GL", "disabled")
    with pytest.raises(RenderingError, match="MUJOCO_GL=disabled gave none"):
        make("door")
    monkeypatch.undo()
    assert len(render_thread().contexts) == there


MISSING = """
import os
os.environ["MUJOCO_GL"] = "osmesa"
import ctypes.util
import OpenGL.platform
from zprl_env.envs import make_env
from zprl_env.errors import RenderingError
try:
    make_env("door", cameras=("fixed",))
except RenderingError as error:
    print(error)
"""


def test_a_library_that_is_missing_is_named_with_the_way_to_get_it():
    if ctypes_has("OSMesa"):
        pytest.skip("osmesa is installed")
    assert "osmesa (package libosmesa6)" in run_python(MISSING)


def ctypes_has(library: str) -> bool:
    import ctypes.util

    return ctypes.util.find_library(library) is not None
