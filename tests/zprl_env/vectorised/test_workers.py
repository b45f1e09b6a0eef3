"""Processes of environments answer in time or are ended, and never outlive the learner."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import gymnasium as gym
import numpy as np
import psutil
import pytest
from stable_baselines3.common.vec_env import VecMonitor

from tests.helpers.documents import ROOT
from tests.helpers.recording_env import RecordingEnv
from zprl_env.errors import ConfigurationError, SimulationError
from zprl_env.vectorised.workers import WorkerVecEnv, hurry

pytestmark = pytest.mark.slow


class FaultyEnv(RecordingEnv):
    """Fails, or hangs, when an action says so."""

    def step(self, action):
        if action[0] == 0.1:
            raise ConfigurationError("the reward must be finite. Got: nan.")
        if action[0] == 0.2:
            raise ZeroDivisionError("a defect")
        if action[0] == 0.3:
            time.sleep(3600)
        return super().step(action)


def refuse() -> gym.Env:
    raise ConfigurationError("the table must be there. Got: none.")


@pytest.fixture
def envs():
    envs = WorkerVecEnv([FaultyEnv] * 2, patience=60)
    envs.reset()
    yield envs
    envs.close()
    assert not any(process.is_alive() for process in envs.processes)


def actions(first: float, second: float) -> np.ndarray:
    return np.array([[first, 0.0], [second, 0.0]])


def test_it_is_stable_baselines3_s(envs):
    observations, rewards, dones, infos = envs.step(actions(0.0, 0.0))
    assert (observations.shape, rewards.tolist(), dones.tolist()) == (
        (2, 3),
        [1.0, 1.0],
        [False] * 2,
    )
    assert len(infos) == 2
    assert envs.get_attr("truncate_at") == [10**9] * 2


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (0.1, r"^Environment 1: the reward must be finite\. Got: nan\.$"),
        (0.2, r"That of environment 1 has ended with ZeroDivisionError: a defect; its traceback"),
    ],
)
def test_an_environment_s_error_arrives_with_its_words(envs, action, message):
    with pytest.raises(SimulationError, match=message):
        envs.step(actions(0.0, action))


def test_one_that_cannot_be_made_says_why():
    with pytest.raises(SimulationError, match=r"^Environment 0: the table must be there\. Got"):
        WorkerVecEnv([refuse])


def test_one_that_hangs_or_is_stopped_is_waited_for_no_longer_than_allowed_and_killed(envs):
    wrapped = VecMonitor(envs)
    os.kill(envs.processes[0].pid, signal.SIGSTOP)
    envs.step_async(actions(0.0, 0.3))
    hurry(wrapped, 0.5)
    assert envs.patience == 0.5
    began = time.monotonic()
    with pytest.raises(SimulationError, match=r"environment 0 \(pid \d+\) has not for 1 s and is"):
        envs.step_wait()
    envs.close()
    assert time.monotonic() - began < 20


PARENT = """
import sys, numpy as np
from tests.zprl_env.vectorised.test_workers import FaultyEnv, WorkerVecEnv, actions
if __name__ == "__main__":
    envs = WorkerVecEnv([FaultyEnv] * 2)
    envs.reset()
    print(*(process.pid for process in envs.processes), flush=True)
    sys.stdin.readline()
    if sys.argv[1] == "leaves":
        envs.step_async(actions(0.3, 0.0))
    else:
        envs.step(actions(0.3, 0.0))
"""


@pytest.mark.parametrize("how", ["leaves", "is killed"])
def test_workers_end_with_the_learner_even_if_one_is_stopped_and_one_hangs(how, tmp_path):
    (tmp_path / "parent.py").write_text(PARENT)
    with subprocess.Popen(
        [sys.executable, str(tmp_path / "parent.py"), how],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        workers = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]
        workers[1].suspend()
        workers[0].terminate()  # which reaches a whole process group, and is not theirs to obey
        parent.stdin.write("\n")
        parent.stdin.flush()
        if how == "is killed":
            time.sleep(0.2)
            parent.kill()
        parent.wait(60)
    assert psutil.wait_procs(workers, timeout=60)[1] == []
