"""Settings without effect are refused, with the one that works."""

from __future__ import annotations

import importlib.util

import gymnasium as gym
import pytest

from zprl_env.envs import make_env
from zprl_env.envs.settings import INSTEAD, advise, refuse_settings
from zprl_env.errors import ConfigurationError, MissingExtraError

PACKAGES = {"Lift": "robosuite", "Can": "robosuite", "reach": "metaworld"}
PACKAGES |= {"door": "gymnasium_robotics", "Real": "pydantic"}


@pytest.mark.parametrize(
    ("env", "settings", "message"),
    [
        ("Lift", {"horizon": 20}, "no 'horizon': use max_episode_steps"),
        ("Lift", {"camera_names": ["agentview"]}, "no 'camera_names': use camera"),
        ("Lift", {"camera_heights": 84}, "no 'camera_heights': use image_size"),
        ("Lift", {"render_camera": "frontview"}, "no 'render_camera': use camera"),
        ("Lift", {"reward_scale": 5.0}, "no 'reward_scale': use reward=\"dense\", which it scales"),
        ("Lift", {"reward_shaping": True}, "no 'reward_shaping': use reward=\"dense\""),
        ("Lift", {"has_renderer": True}, "no 'has_renderer': use render_mode"),
        ("Lift", {"use_camera_obs": True}, "no 'use_camera_obs': use cameras="),
        ("Lift", {"hard_reset": True}, "no 'hard_reset': use none"),
        ("Lift", {"ignore_done": False}, "no 'ignore_done': use success_terminates"),
        ("Lift", {"seed": 1}, r"no 'seed': use reset\(seed=...\), or model_seed"),
        ("Lift", {"horizn": 20}, r"Lift takes no 'horizn'\. It takes: .*robots"),
        ("Lift", {"action": "absolute", "controller_configs": {}}, "no 'controller_configs': use"),
        ("Lift", {"robots": "Pandaa"}, "must be given what it takes.*'Pandaa'"),
        ("Can", {"single_object_mode": 2}, "must be given what it takes.*single_object_mode"),
        ("Lift", {"task": "Stack"}, "of the task 'Lift'. Got: task='Stack'. Name that task itself"),
        ("reach", {"task": "push"}, "of the task 'reach'. Got: task='push'"),
        ("reach", {"horizon": 20}, "No 'horizon': use max_episode_steps"),
        ("reach", {"reward_scale": 2.0}, "No 'reward_scale': use gymnasium.wrappers.TransformRew"),
        ("door", {"max_steps": 20}, "No 'max_steps': use max_episode_steps"),
        ("door", {"frame_skip": 2}, "No 'frame_skip': use action_repeat"),
        ("Pendulum-v1", {"horizon": 20}, "No 'horizon': use max_episode_steps"),
        ("Real", {"horizon": 20}, "no 'horizon': use max_episode_steps"),
        ("Real", {"camera_names": ["front"]}, "no 'camera_names': use the preset"),
        ("Real", {"rate": 10}, "no 'rate': use the preset: change a copy"),
        ("Real", {"driver": "ideal", "images": True}, "images=True must come with a recorder"),
        ("Real", {"driver": "ideal", "max_episode_steps": 9999}, "at most 450, the environment's"),
    ],
)
def test_a_setting_without_effect_is_refused_and_the_one_that_works_named(env, settings, message):
    if env in PACKAGES and importlib.util.find_spec(PACKAGES[env]) is None:
        pytest.skip(f"needs {PACKAGES[env]}")
    with pytest.raises(ConfigurationError, match=message):
        make_env(env, **settings)


def test_those_with_an_effect_are_taken():
    pytest.importorskip("robosuite", reason="needs the robosuite extra")
    env = make_env("Lift", reward="dense", reward_scale=5.0, control_freq=10, max_episode_steps=3)
    assert env.metadata["render_fps"] == 10
    env.close()


def test_advice_names_what_works_for_each():
    assert advise(["horizon", "colour"]) == f"'horizon': use {INSTEAD['horizon']}; 'colour'."
    refuse_settings("It", ["robots"], ["robots"])


def test_a_window_without_pygame_names_the_extra(monkeypatch):
    monkeypatch.setattr("gymnasium.make", _without_pygame)
    with pytest.raises(MissingExtraError, match=r'pip install "zprl-env\[human\]"'):
        make_env("Pendulum-v1", render_mode="human")


def _without_pygame(*args, **kwargs):
    from gymnasium.error import DependencyNotInstalled

    raise DependencyNotInstalled('pygame is not installed, run `pip install "gymnasium[...]"`')


def test_a_simulator_without_what_it_imports_is_one_error(tmp_path, monkeypatch):
    (tmp_path / "halfinstalled.py").write_text("import nobody_has_this\n")
    monkeypatch.syspath_prepend(tmp_path)
    gym.register("HalfInstalled-v0", "halfinstalled:Env")
    try:
        with pytest.raises(ConfigurationError, match=r"HalfInstalled-v0 must find .*'nobody_"):
            make_env("HalfInstalled-v0")
    finally:
        del gym.registry["HalfInstalled-v0"]
