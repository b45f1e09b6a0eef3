"""robosuite's tasks keep the promises of a gymnasium environment."""

from __future__ import annotations

import hashlib
import inspect
import json
import subprocess
import sys
from collections.abc import Iterator

import mujoco
import numpy as np
import pytest
from gymnasium.error import ClosedEnvironmentError, ResetNeeded
from gymnasium.utils.env_checker import check_env as gymnasium_check_env

pytest.importorskip("robosuite", reason="needs the robosuite extra")

from tests.zprl_env.envs.interpreter import run_python
from zprl_env.envs.robosuite import RobosuiteEnv
from zprl_env.errors import (
    InvalidActionError,
    MissingExtraError,
    RenderingError,
    SimulationError,
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


def episode_hash(env: RobosuiteEnv, seed: int | None = None) -> str:
    """Digest of everything that fifteen random steps of an episode show."""
    rng = np.random.default_rng(7)
    digest = hashlib.sha256()
    digest.update(env.reset(seed=seed)[0].tobytes())
    for _ in range(15):
        digest.update(env.step(rng.uniform(-1, 1, 7))[0].tobytes())
        digest.update(env.sim.data.qpos.tobytes() + env.sim.data.qvel.tobytes())
    return digest.hexdigest()


class TestConformance:
    def test_gymnasiums_checker_passes(self, env):
        gymnasium_check_env(env, skip_render_check=True)

    def test_stable_baselines3s_checker_passes(self, env):
        sb3 = pytest.importorskip("stable_baselines3.common.env_checker")
        sb3.check_env(env, skip_render_check=True)

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
    def test_same_seed_same_episode_whatever_happened_before(self, env):
        first = episode_hash(env, seed=3)
        lift(env)
        episode_hash(env, seed=4)
        env.reset()
        env.step(np.ones(7))
        assert episode_hash(env, seed=3) == first

    def test_same_seed_same_episode_in_another_process(self, env):
        code = "\n".join(
            (
                "from __future__ import annotations",
                "import hashlib, numpy as np",
                "from zprl_env.envs.robosuite import RobosuiteEnv",
                inspect.getsource(episode_hash),
                "print(episode_hash(RobosuiteEnv(), seed=3))",
            )
        )
        assert run_python(code).strip() == episode_hash(env, seed=3)

    def test_episodes_without_a_seed_follow_from_the_last_one(self, env):
        first = [episode_hash(env, seed=3), episode_hash(env), episode_hash(env)]
        second = [episode_hash(env, seed=3), episode_hash(env), episode_hash(env)]
        assert first == second
        assert len(set(first)) == 3

    def test_the_model_seed_decides_the_cubes_size(self, env):
        other = RobosuiteEnv(model_seed=1)
        sizes = [e.sim.model.geom_size[e.sim.model.geom_name2id("cube_g0")] for e in (env, other)]
        assert np.abs(sizes[0] - sizes[1]).max() > 1e-5
        other.close()


class TestRefusals:
    def test_action_of_another_shape(self, env):
        env.reset(seed=0)
        with pytest.raises(InvalidActionError, match=r"must have shape \(7,\), got \(6,\)"):
            env.step(np.zeros(6))

    def test_action_that_is_not_finite(self, env):
        env.reset(seed=0)
        with pytest.raises(InvalidActionError, match=r"must be finite, got \[nan, 0.0"):
            env.step(np.array([np.nan, 0, 0, 0, 0, 0, 0]))

    def test_state_that_is_not_finite_and_a_reset_after_it(self, env, monkeypatch, tmp_path, capfd):
        monkeypatch.chdir(tmp_path)  # MuJoCo logs it to the working directory and to stdout
        before = episode_hash(env, seed=0)
        env.sim.data.qvel[3] = np.nan
        with pytest.raises(SimulationError, match=r"of Lift must stay finite.*call reset"):
            env.step(np.zeros(7))
        with pytest.raises(ResetNeeded):
            env.step(np.zeros(7))
        assert episode_hash(env, seed=0) == before
        assert "huge value in QVEL" in "".join(capfd.readouterr())

    def test_a_task_reward_or_render_mode_that_is_unknown(self):
        with pytest.raises(
            UnknownNameError, match="unknown robosuite task 'Lfit'; did you mean 'Lift'"
        ):
            RobosuiteEnv("Lfit")
        with pytest.raises(UnknownNameError, match="unknown reward 'spars'; did you mean 'sparse'"):
            RobosuiteEnv(reward="spars")
        with pytest.raises(UnknownNameError, match="unknown render mode 'human'"):
            RobosuiteEnv(render_mode="human")

    def test_an_option_that_is_the_environments_own(self):
        with pytest.raises(TypeError, match="sets robosuite's 'hard_reset' itself"):
            RobosuiteEnv(hard_reset=True)

    def test_a_machine_without_robosuite(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "robosuite", None)
        with pytest.raises(MissingExtraError, match=r'run: pip install "zprl-env\[robosuite\]"$'):
            RobosuiteEnv()

    def test_steps_and_images_before_the_first_reset_and_anything_after_close(self):
        env = RobosuiteEnv(render_mode="rgb_array")
        with pytest.raises(ResetNeeded, match=r"step.*reset"):
            env.step(np.zeros(7))
        with pytest.raises(ResetNeeded, match=r"render.*reset"):
            env.render()
        env.close()
        env.close()
        with pytest.raises(ClosedEnvironmentError, match="make a new one"):
            env.reset()
        with pytest.raises(ResetNeeded):
            env.step(np.zeros(7))


class TestRendering:
    @pytest.fixture(autouse=True)
    def _needs_opengl(self, env):
        env.reset(seed=0)
        try:
            env.render()
        except RenderingError as error:
            pytest.skip(str(error))

    def test_image_has_the_size_asked_for_and_follows_the_state(self, env):
        image = env.render()
        assert (image.shape, image.dtype) == ((48, 64, 3), np.uint8)
        assert image.std() > 10
        for _ in range(10):
            env.step(np.array([1, 0, -1, 0, 0, 0, 0]))
        assert np.abs(env.render().astype(int) - image).max() > 50

    def test_rendering_leaves_the_episode_as_it_is(self, env):
        before = episode_hash(env, seed=0)
        env.reset(seed=0)
        env.step(np.ones(7))
        env.render()
        assert episode_hash(env, seed=0) == before

    def test_unknown_camera(self, env, monkeypatch):
        monkeypatch.setattr(env, "camera", "agentveiw")
        monkeypatch.setattr(env, "_offscreen", None)
        with pytest.raises(UnknownNameError, match="did you mean 'agentview'"):
            env.render()

    def test_an_interpreter_may_end_without_close(self):
        code = "; ".join(
            (
                "from zprl_env.envs.robosuite import RobosuiteEnv",
                "env = RobosuiteEnv(render_mode='rgb_array', render_size=(700, 900))",
                "env.reset(seed=0)",
                "print(env.render().shape)",
            )
        )
        assert run_python(code) == "(700, 900, 3)\n"

    def test_without_a_render_mode_there_is_no_image(self, env, monkeypatch):
        monkeypatch.setattr(env, "render_mode", None)
        assert env.render() is None


def test_nothing_is_printed_and_no_opengl_loaded_for_states():
    code = "; ".join(
        (
            "import sys",
            "from zprl_env.envs.robosuite import RobosuiteEnv",
            "env = RobosuiteEnv(render_mode='rgb_array')",
            "env.reset(seed=0)",
            "env.step(env.action_space.sample())",
            "assert not [m for m in sys.modules if m.startswith(('OpenGL', 'mujoco.egl'))]",
        )
    )
    assert run_python(code) == ""


def test_robosuites_own_logging_is_left_as_it_was():
    code = "; ".join(
        (
            "import logging, robosuite",
            "logger = logging.getLogger('robosuite_logs')",
            "before = (logger.level, logger.filters[:], logger.handlers[:])",
            "from zprl_env.envs.robosuite import RobosuiteEnv",
            "RobosuiteEnv().reset()",
            "assert before == (logger.level, logger.filters, logger.handlers)",
        )
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Loading controller configuration" not in done.stderr
