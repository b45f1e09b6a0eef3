"""Somebody who did not write this brings an environment, a policy and an expert of their own."""

from __future__ import annotations

import json

import h5py
import pytest

from tests.helpers.warm import run_warm

LAB = '''
import gymnasium as gym
import numpy as np
from zprl_env.experts import Expert
from zprl_env.testing import LinearPolicy


class Reach(gym.Env):
    """A number has to reach zero; what is seen is a Dict of boxes."""

    observation_space = gym.spaces.Dict(
        {
            "goal": gym.spaces.Box(-1.0, 1.0, (1, 1)),
            "arm": gym.spaces.Box(-np.inf, np.inf, (2,), np.float64),
        }
    )
    action_space = gym.spaces.Box(-1.0, 1.0, (1,), np.float32)

    def __init__(self, limit=12):
        self.limit = limit

    def _seen(self):
        return {"arm": np.array([self.x, 1.0]), "goal": np.zeros((1, 1), np.float32)}

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.x, self.steps = self.np_random.uniform(0.2, 0.6), 0
        return self._seen(), {}

    def step(self, action):
        self.x += 0.1 * float(action[0])
        self.steps += 1
        done = abs(self.x) < 0.1
        return self._seen(), float(done), done, self.steps >= self.limit, {"success": done}


class Policy(LinearPolicy):
    """Moves by half of where the arm is, whatever the goal."""

    observation_keys = ("arm",)

    def __init__(self):
        super().__init__(2, 1)

    def decode(self, latents, noise):
        return -np.repeat(2.0 * latents[:, None, :1], self.horizon, axis=1) + 0.01 * noise


class Demonstrator(Expert):
    """Goes straight to zero."""

    gave_up = False

    def reset(self, quality):
        pass

    def act(self, observation):
        return np.clip(-10.0 * observation["arm"][:1], -1.0, 1.0).astype(np.float32)


def make_policy():
    return Policy()


def make_nothing():
    return 3


NUMBER = 3
'''

REGISTERING = """
from zprl_env import Task, register_task

register_task(Task("Reach-v3", "lab", "lab:Reach", {"limit": 7}, expert="lab:Demonstrator"))
"""

FROM_A_SCRIPT = """
from zprl_env import LatentSteeringWrapper, Task, make_env, register_task

register_task(Task("Reach-v3", "lab", "lab:Reach", {"limit": 7}, expert="lab:Demonstrator"))
env = LatentSteeringWrapper(make_env("Reach", limit=2), "lab:Policy", scale=0.5)
env.reset(seed=0)
print(env.step(env.action_space.sample())[4]["env_steps"])
"""


@pytest.fixture
def lab(tmp_path):
    """A folder with a module of the user's own, as the folder they work in."""
    (tmp_path / "lab.py").write_text(LAB)
    (tmp_path / "lab_tasks.py").write_text(REGISTERING)
    return tmp_path


def ran(lab, *words: str) -> str:
    done = run_warm("-m", *words, cwd=lab)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(lab, *words: str) -> str:
    done = run_warm("-m", *words, cwd=lab)
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stderr.count("\n") == 1
    return done.stderr


EVALUATE = ("zprl_env.evaluate", "--episodes", "4")
OWN = ("--env", "lab:Reach", "--policy", "lab:make_policy")


def test_an_environment_and_a_policy_of_one_s_own_are_evaluated(lab):
    flags = ("--env-kwargs", "limit=9", "--out", "result.json")
    assert "100.0%" in ran(lab, *EVALUATE, *OWN, *flags)
    written = json.loads((lab / "result.json").read_text())
    assert written["env"] == "lab:Reach"
    assert max(written["test"]["base policy"]["lengths"]) <= 9


def test_they_are_calibrated(lab):
    ran(lab, "zprl_env.calibrate", *OWN, "--episodes", "3", "--scales", "0.5")
    written = json.loads((lab / "runs/lab.reach/calibration/calibration.json").read_text())
    assert [trial["scale"] for trial in written["trials"]] == [0.0, 0.5]


def test_an_expert_of_one_s_own_records_them(lab):
    flags = ("--env", "lab:Reach", "--expert", "lab:Demonstrator", "--episodes", "3", "-j", "2")
    assert "3 of 3 performed succeeded" in ran(lab, "zprl_env.experts.record", *flags, "--out", "d")
    with h5py.File(lab / "d") as file:
        assert set(file["data/demo_0/obs"]) == {"arm", "goal"}
        assert json.loads(file["data"].attrs["env_args"])["env_name"] == "lab:Reach"


def test_a_gymnasium_environment_is_played_and_says_that_it_reports_no_success(lab):
    (lab / "mine.py").write_text("from zprl_env.testing import LinearPolicy as L\np = L(3, 1)\n")
    flags = ("--env", "Pendulum-v1", "--env-kwargs", "g=5.0", "--policy", "mine:p")
    assert "Pendulum-v1 reports no success" in ran(lab, *EVALUATE, *flags)


def test_a_registered_task_is_found_by_the_package_that_registers_it(lab):
    flags = ("--policy", "lab:Policy", "--out", "result.json")
    ran(lab, *EVALUATE, "--env", "lab_tasks:Reach-v3", *flags)
    lengths = json.loads((lab / "result.json").read_text())["test"]["base policy"]["lengths"]
    assert max(lengths) <= 7
    recorded = ran(lab, "zprl_env", "record", "--env", "lab_tasks:Reach-v3", "--out", "d")
    assert "50 of 50 performed succeeded" in recorded


def test_a_registered_task_has_a_short_name_in_its_own_script(lab):
    (lab / "script.py").write_text(FROM_A_SCRIPT)
    assert ran(lab, "script") == "2\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--env", "lab:Raech"), "unknown environment of the module lab 'Raech'; did you mean 'Re"),
        (("--env", "lap:Reach"), "no module named 'lap'. Run from the folder that holds it"),
        (("--env", "lab.py:Reach"), "Write lab without .py."),
        (("--env", "lab:make_nothing"), "lab:make_nothing must return a gymnasium.Env. Got: "),
        (("--env", "lab:NUMBER"), "must be a callable that returns a gymnasium.Env. Got: int."),
        (("--env", "lab:Reach", "--env-kwargs", "limits=9"), "lab:Reach takes: limit. Got: got an"),
        (("--env", "no_lab:Reach-v0"), "no module named 'no_lab'"),
        (("--env", "Pendulum-v7"), "unknown environment 'Pendulum-v7'; did you mean 'Pendulum-v1'"),
        (("--policy", "lab:NUMBER"), "Expected a SteerablePolicy from lab:NUMBER. Got: int, which"),
        (("--policy", "lab:make_nothing"), "Got: int, which lacks feature_dim"),
        (("--policy-class", "lab:Policy"), "A policy class must come with a checkpoint's folder"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line_that_says_what_to_try(lab, words, message):
    usual = dict(zip(OWN[::2], OWN[1::2], strict=True))
    given = [*words] + [w for flag in usual.keys() - {*words} for w in (flag, usual[flag])]
    assert message in refused(lab, *EVALUATE, *given)


def test_an_environment_that_nobody_has_a_policy_for_says_how_to_give_one(lab):
    message = refused(lab, *EVALUATE, "--env", "lab:Reach")
    assert "no policy comes with 'lab:Reach'" in message
    assert "module:callable" in message


TRAIN = (
    *("--total-env-steps", "60", "--eval-episodes", "2", "--validation-episodes", "1"),
    *("--warmup-decisions", "10", "--batch-size", "4", "--hidden", "8", "8", "--no-video"),
)

DEPLOY = """
import sys
from zprl_env import SteeredPolicy, make_env
from zprl_env.envs import flat_environment
from zprl_env.errors import CheckpointError

policy = sys.argv[1]
env = flat_environment(make_env("lab:Reach"), __import__("lab").Policy())
steered = SteeredPolicy.load("out", policy=policy)
print(steered.predict(env.reset(seed=0)[0]).shape)
try:
    SteeredPolicy.load("out")
except CheckpointError as error:
    print(error)
"""


@pytest.mark.slow
def test_a_run_of_one_s_own_is_trained_evaluated_and_exported(lab):
    flags = ("--num-envs", "2", "--env-kwargs", "limit=8", "--out", "run", *TRAIN)
    ran(lab, "zprl_env", "train", *OWN, *flags)
    message = refused(lab, *EVALUATE, "--run", "run")
    assert "names code to import: env lab:Reach, policy lab:make_policy" in message
    assert "--trust" in message
    assert "steered" in ran(lab, *EVALUATE, "--run", "run", "--trust")
    assert "--trust" in refused(lab, "zprl_env.export", "--run", "run", "--out", "out")
    ran(lab, "zprl_env.export", "--run", "run", "--out", "out", "--trust")
    assert not (lab / "out/policy").exists()
    (lab / "deploy.py").write_text(DEPLOY)
    shape, message = ran(lab, "deploy", "lab:make_policy").splitlines()
    assert shape == "(2, 1)"
    assert "must come with its base policy, which is code: 'lab:make_policy'" in message
