"""A robot alone is compiled by whoever asks for it, and by no environment of ours."""

from __future__ import annotations

import pytest

pytest.importorskip("robosuite", reason="needs the robosuite extra")

from robosuite.models.robots import RobotModel

from zprl_env.envs.robosuite.env import RobosuiteEnv
from zprl_env.envs.robosuite.robot_models import without_robot_models


def test_an_environment_has_none_until_it_is_asked_for():
    compiling = RobotModel.set_mujoco_model
    env = RobosuiteEnv("Lift")
    assert RobotModel.set_mujoco_model is compiling
    model = env._env.robots[0].robot_model
    assert model.mujoco_model is None
    model.set_mujoco_model()
    assert model.mujoco_model is not None
    env.close()


def test_whatever_fails_robosuite_is_as_it_was():
    compiling = RobotModel.set_mujoco_model
    with pytest.raises(ValueError, match="a scene"), without_robot_models():
        raise ValueError("a scene")
    assert RobotModel.set_mujoco_model is compiling
