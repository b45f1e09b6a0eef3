"""A policy in an interpreter of its own begins and ends with whoever started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from policies.errors import ConfigurationError
from policies.serve.client import ServedPolicyError
from policies.serve.process import start

LAB = """
import numpy as np

class Line:
    feature_dim, latent_dim, action_dim, horizon, n_action_steps = 0, 3, 2, 4, 2

    def encode(self, observations):
        rows = len(observations)
        print("a library's chatter")
        mean = np.asarray(observations, np.float32)[:, :3]
        return np.zeros((rows, 0), np.float32), mean, np.zeros_like(mean)

    def decode(self, latents, noise):
        return np.repeat(latents[:, None, :2], 4, axis=1) + noise

print("chatter at import")
"""
HEAVY = ("gymnasium", "stable_baselines3", "mujoco", "tyro", "h5py", "tqdm", "torch", "zprl_env")
LIGHT = f"""
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {HEAVY}:
            raise ImportError(name + " is not here")
sys.meta_path.insert(0, Refuse())
"""


@pytest.fixture
def lab(tmp_path, monkeypatch):
    (tmp_path / "my_lab.py").write_text(LAB)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


def wait_for(condition) -> None:
    until = time.monotonic() + 10.0
    while not condition() and time.monotonic() < until:
        time.sleep(0.02)
    assert condition()


def test_it_answers_and_ends_when_it_is_closed(lab):
    policy = start(f"{sys.executable}:my_lab:Line")
    pid = policy._keep._process.pid
    assert policy.encode(np.ones((2, 3), np.float32))[1].shape == (2, 3)
    policy.close()
    assert not alive(pid)


def test_numpy_and_safetensors_are_all_that_the_server_takes(lab):
    (lab / "light.py").write_text(LIGHT + LAB)
    policy = start(f"{sys.executable}:light:Line")
    assert policy.encode(np.ones((2, 3), np.float32))[1].shape == (2, 3)
    policy.close()


def test_one_that_is_killed_is_told_with_its_last_words(lab):
    policy = start(f"{sys.executable}:my_lab:Line")
    policy._keep._process.kill()
    with pytest.raises(ServedPolicyError, match=r"must answer. Got: .*The process ended with -9"):
        policy.encode(np.ones((2, 3), np.float32))
    policy.close()


def test_one_that_is_stopped_is_told_after_its_time(lab):
    policy = start(f"{sys.executable}:my_lab:Line")
    policy._timeout = 0.2
    pid = policy._keep._process.pid
    os.kill(pid, signal.SIGSTOP)
    wait_for(lambda: Path(f"/proc/{pid}/stat").read_text().split()[2] == "T")
    with pytest.raises(ServedPolicyError, match="must answer within"):
        policy.encode(np.ones((2, 3), np.float32))
    os.kill(policy._keep._process.pid, signal.SIGCONT)
    policy.close()


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_with_whoever_started_it_however_that_ends(lab, ending):
    code = (
        "import sys, time\n"
        "from policies.serve.process import start\n"
        "policy = start(f'{sys.executable}:my_lab:Line')\n"
        "print(policy._keep._process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    root = str(Path(__file__).parents[3])
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": root},
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert alive(pid)
        parent.send_signal(ending)
        parent.wait()
    wait_for(lambda: not alive(pid))


@pytest.mark.parametrize(
    ("address", "error", "told"),
    [
        ("/no/python:my_lab:Line", ConfigurationError, "must be an interpreter. Got: /no/python"),
        ("nonsense", ConfigurationError, "must be python:INTERPRETER:POLICY"),
        (f"{sys.executable}:my_lab:Nothing", ServedPolicyError, "no attribute 'Nothing'"),
        (f"{sys.executable}:no/such/folder", ServedPolicyError, "a checkpoint's folder, a shipped"),
        ("/bin/echo:Lift", ServedPolicyError, "must say where it listens"),
        ("/bin/false:Lift", ServedPolicyError, "its process ended"),
    ],
)
def test_what_cannot_be_started_is_told(lab, address, error, told):
    with pytest.raises(error, match=told):
        start(address)
