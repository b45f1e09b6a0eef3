"""Environments of zprl-env are environments of LeRobot's, in this interpreter or another one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from lerobot.configs.types import FeatureType
from lerobot.envs.factory import make_env
from lerobot.envs.utils import env_to_policy_features, preprocess_observation
from lerobot_env_zprl import ZprlEnv
from lerobot_env_zprl.environment import ZprlSteps

SIMULATORS = os.environ.get("SIMULATORS", "")
needs_simulators = pytest.mark.skipif(
    not Path(SIMULATORS).is_file(), reason="SIMULATORS names no interpreter with robosuite"
)


@pytest.mark.parametrize("python", [None, sys.executable])
def test_an_environment_here_or_elsewhere_plays_the_same_episode(python):
    env, other = ZprlSteps("Pendulum-v1", python), ZprlSteps("Pendulum-v1")
    seen, info = env.reset(seed=3)
    np.testing.assert_array_equal(seen["agent_pos"], other.reset(seed=3)[0]["agent_pos"])
    assert info == {"is_success": False}
    for _ in range(3):
        one, two = (e.step(np.array([0.5], np.float32)) for e in (env, other))
        np.testing.assert_array_equal(one[0]["agent_pos"], two[0]["agent_pos"])
        assert one[1:] == two[1:]
    env.close()
    other.close()


def test_an_interpreter_that_is_none_is_told():
    with pytest.raises(RuntimeError, match=r"--env\.python must be an interpreter"):
        ZprlSteps("Pendulum-v1", "/no/such/python")


def test_an_error_of_the_other_side_is_passed_on():
    with pytest.raises(RuntimeError, match="UnknownNameError"):
        ZprlSteps("Lifft", sys.executable)


def test_a_process_that_dies_is_told():
    env = ZprlSteps("Pendulum-v1", sys.executable)
    env._host._process.kill()
    with pytest.raises(RuntimeError, match="ended with exit code -9"):
        env.reset(seed=0)


@needs_simulators
def test_lift_is_divided_into_the_robot_and_its_object():
    config = ZprlEnv(task="Lift", python=SIMULATORS)
    features = env_to_policy_features(config)
    assert {name: f.shape for name, f in features.items()} == {
        "action": (7,),
        "observation.state": (9,),
        "observation.environment_state": (10,),
    }
    envs = make_env(config, n_envs=2)["zprl"][0]
    seen = preprocess_observation(envs.reset(seed=[1, 2])[0])
    assert seen["observation.environment_state"].shape == (2, 10)
    assert envs.call("_max_episode_steps") == (150, 150)
    assert envs.call("task") == ("Lift", "Lift")
    envs.close()


@needs_simulators
def test_a_camera_is_a_picture_of_lerobots():
    config = ZprlEnv(task="Lift", python=SIMULATORS, cameras=["agentview"], image_size=64)
    feature = env_to_policy_features(config)["observation.images.agentview"]
    assert (feature.type, feature.shape) == (FeatureType.VISUAL, (3, 64, 64))
    envs = make_env(config, n_envs=1)["zprl"][0]
    seen = preprocess_observation(envs.reset(seed=[1])[0])
    assert seen["observation.images.agentview"].shape == (1, 3, 64, 64)
    assert seen["observation.images.agentview"].max() > 0.1
    envs.close()


@needs_simulators
def test_lerobot_eval_plays_lift(saved, tmp_path):
    program = Path(sys.executable).with_name("lerobot-eval")
    done = subprocess.run(
        [
            program,
            "--env.discover_packages_path=lerobot_env_zprl",
            "--env.type=zprl",
            "--env.task=Lift",
            f"--env.python={SIMULATORS}",
            f"--policy.path={saved('act_lift')}",
            "--eval.n_episodes=2",
            "--eval.batch_size=2",
            f"--output_dir={tmp_path}",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads((tmp_path / "eval_info.json").read_text())["overall"]["n_episodes"] == 2
