"""robosuite's tasks keep the promises of a gymnasium environment."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

import mujoco
import numpy as np
import pytest
from gymnasium.error import ResetNeeded

pytest.importorskip("robosuite", reason="needs the robosuite extra")

from tests.helpers.interpreter import run_python
from zprl_env.envs.robosuite.env import RobosuiteEnv
from zprl_env.errors import (
    ConfigurationError,
    MissingExtraError,
    RenderingError,
    UnknownNameError,
)


@pytest.fixture(scope="module")
def env() -> Iterator[RobosuiteEnv]:
    env = RobosuiteEnv("Lift", render_mode="rgb_array", render_size=(48, 64))
    yield env
    env.close()


def reach_and_lift(observation: np.ndarray, t: int) -> np.ndarray:
    """Go to the cube, grasp it and lift it; observations end with the way to the cube."""
    way = np.clip(20 * observation[-3:], -1, 1) if t < 30 else np.array([0, 0, 1])
    return np.array([*way, 0, 0, 0, 1 if t > 22 else -1])


def lift(env: RobosuiteEnv) -> tuple:
    """Run a seeded episode to its success and return the last step's result."""
    observation, _ = env.reset(seed=1)
    for t in range(100):
        result = env.step(reach_and_lift(observation, t))
        observation = result[0]
        if result[2]:
            return result
    pytest.fail("the cube should have been lifted")


class TestConformance:
    def test_observation_is_laid_out_as_its_keys_say(self, env):
        observation, _ = env.reset(seed=0)
        assert observation.shape == env.observation_space.shape == (19,)
        assert observation.dtype == np.float32
        assert env.observation_keys == {
            "robot0_eef_pos": slice(0, 3),
            "robot0_eef_quat": slice(3, 7),
            "robot0_gripper_qpos": slice(7, 9),
            "object": slice(9, 19),
        }
        hand, cube = observation[:3], observation[9:12]
        np.testing.assert_allclose(observation[16:], cube - hand, atol=1e-6)

    def test_observation_describes_the_state_at_the_end_of_the_step(self, env):
        env.reset(seed=0)
        model, data = env.sim.model._model, env.sim.data._data
        for _ in range(3):
            observation = env.step(np.full(7, 0.5))[0]
            now = mujoco.MjData(model)
            now.qpos[:] = data.qpos
            mujoco.mj_forward(model, now)
            hand = now.site("gripper0_right_grip_site").xpos
            np.testing.assert_array_equal(observation[:3], hand.astype(np.float32))

    def test_env_args_are_in_robomimics_form(self, env):
        args = json.loads(json.dumps(env.env_args))
        assert args["env_name"] == "Lift"
        assert args["env_version"] == "1.5.2"
        assert args["type"] == 1
        assert args["env_kwargs"]["robots"] == "Panda"


class TestEnds:
    def test_success_terminates_with_reward_one(self, env):
        _, reward, terminated, truncated, info = lift(env)
        assert (reward, terminated, truncated, info) == (1.0, True, False, {"is_success": True})

    def test_stepping_past_success_needs_a_reset(self, env):
        lift(env)
        with pytest.raises(ResetNeeded, match="call reset"):
            env.step(np.zeros(7))

    def test_robosuites_horizon_ends_nothing(self, env, monkeypatch):
        monkeypatch.setattr(env._env, "horizon", 2)
        env.reset(seed=0)
        for _ in range(4):
            _, reward, terminated, truncated, info = env.step(np.zeros(7))
            assert (reward, terminated, truncated) == (0.0, False, False)
            assert info == {"is_success": False}

    def test_dense_reward_is_robosuites_and_success_is_worth_one(self):
        dense = RobosuiteEnv("Lift", reward="dense")
        dense.reset(seed=0)
        assert 0 < dense.step(np.zeros(7))[1] < 0.5
        assert lift(dense)[1] == pytest.approx(1.0)
        dense.close()


class TestSeeding:
    def test_the_model_seed_decides_the_cubes_size(self, env):
        other = RobosuiteEnv(model_seed=1)
        sizes = [e.sim.model.geom_size[e.sim.model.geom_name2id("cube_g0")] for e in (env, other)]
        assert np.abs(sizes[0] - sizes[1]).max() > 1e-5
        other.close()


class TestRefusals:
    def test_a_task_that_is_unknown(self):
        with pytest.raises(
            UnknownNameError, match="unknown robosuite task 'Lfit'; did you mean 'Lift'"
        ):
            RobosuiteEnv("Lfit")

    def test_an_option_that_is_the_environments_own(self):
        with pytest.raises(ConfigurationError, match="no 'hard_reset': use none"):
            RobosuiteEnv(hard_reset=True)

    def test_a_machine_without_robosuite(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "robosuite", None)
        with pytest.raises(MissingExtraError, match=r'run: pip install "zprl-env\[robosuite\]"$'):
            RobosuiteEnv()


class TestRendering:
    @pytest.fixture(autouse=True)
    def _needs_opengl(self, env):
        env.reset(seed=0)
        try:
            env.render()
        except RenderingError as error:
            pytest.skip(str(error))

    def test_unknown_camera(self, env, monkeypatch):
        monkeypatch.setattr(env, "camera", "agentveiw")
        monkeypatch.setattr(env, "_offscreen", None)
        with pytest.raises(UnknownNameError, match="did you mean 'agentview'"):
            env.render()

    def test_an_interpreter_may_end_without_close(self):
        code = "; ".join(
            (
                "from zprl_env.envs.robosuite.env import RobosuiteEnv",
                "env = RobosuiteEnv(render_mode='rgb_array', render_size=(700, 900))",
                "env.reset(seed=0)",
                "print(env.render().shape)",
            )
        )
        assert run_python(code) == "(700, 900, 3)\n"
