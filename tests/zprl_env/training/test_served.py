"""A run whose policy fails in another interpreter ends in one error, and goes on each time."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from pathlib import Path

import pytest

from policies.serve.client import PATIENCE
from tests.helpers.mortal import command

pytestmark = pytest.mark.slow

LAB = """
import json, os, signal, time
from pathlib import Path
import numpy as np

class Line:
    feature_dim, latent_dim, action_dim, horizon, n_action_steps = 0, 3, 1, 4, 4
    asked = 0

    def __init__(self):
        Path("pid").write_text(str(os.getpid()))
        self.fate, self.when = json.loads(Path("fate.json").read_text())

    def encode(self, observations):
        Line.asked += 1
        mean = np.asarray(observations, np.float32)[:, :3]
        if Line.asked > self.when:
            Path("met").touch()
            if self.fate == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            elif self.fate == "stop":
                os.kill(os.getpid(), signal.SIGSTOP)
            elif self.fate == "late":
                time.sleep(1.5)
            elif self.fate == "raise":
                raise RuntimeError("a wire came off")
            elif self.fate == "shape":
                mean = mean[:, :2]
            elif self.fate == "nan":
                mean = mean * np.nan
        return np.zeros((len(mean), 0), np.float32), mean, np.zeros_like(mean)

    def decode(self, latents, noise):
        return np.repeat(latents[:, None, :1], 4, axis=1) + noise
"""
FATES = {
    "kill": r"policy served at \S+ must answer. Got: .* The process ended with -9\.",
    "stop": r"policy served at \S+ must answer within 1 s",
    "late": r"policy served at \S+ must answer within 1 s",
    "raise": r"policy served at \S+ could not encode: RuntimeError: a wire came off",
    "shape": r"policy served at \S+ must answer with mean of shape \(1, 3\)",
    "nan": "must return finite mean. Got: NaN",
}
"""What becomes of a served policy in the midst of training, and what is told of it."""
BEGIN = [
    *("--env", "Pendulum-v1", "--policy", "my_lab:Line", "--policy-python", sys.executable),
    *("--scale", "0.5", "--total-env-steps", "1600", "--warmup-decisions", "20", "--hidden", "8"),
    *("--batch-size", "4", "--updates-per-decision", "1", "--eval-episodes", "1", "--no-video"),
    *("--validation-episodes", "1", "--eval-every", "100000", "--out", "run"),
]
AGAIN = ["--resume-from", "run", "--trust"]
BASE = 130
"""Questions that are asked while the base policy is played, and some more."""


@pytest.fixture
def lab(tmp_path, monkeypatch):
    (tmp_path / "my_lab.py").write_text(LAB)
    monkeypatch.setenv(PATIENCE, "1")
    return tmp_path


def train(folder: Path, fate: str, when: int, *flags: str) -> tuple[int | None, str]:
    (folder / "fate.json").write_text(json.dumps([fate, when]))
    process = command(folder, folder / "said", *flags)
    process.join()
    return process.exitcode, (folder / "said").read_text()


def ends(pid: int) -> bool:
    until = time.monotonic() + 20.0
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


def test_whatever_becomes_of_a_served_policy_is_told_and_the_run_goes_on(lab):
    flags, when, done = BEGIN, BASE, 0
    for fate, told in FATES.items():
        code, said = train(lab, fate, when, *flags)
        assert (code, (lab / "met").exists()) == (2, True), (fate, said)
        assert len(re.findall(r"^error: ", said, re.MULTILINE)) == 1, (fate, said)
        assert re.search(told, " ".join(said.split())), (fate, said)
        assert "Traceback" not in said, fate
        assert "--resume-from run --trust" in said, (fate, said)
        assert ends(int((lab / "pid").read_text())), fate
        steps = max(int(path.name) for path in (lab / "run" / "checkpoints").iterdir())
        assert steps > done, fate
        (lab / "met").unlink()
        flags, when, done = AGAIN, 30, steps
    code, said = train(lab, "none", 0, *AGAIN)
    assert code == 0, said
    assert (lab / "run" / "results.json").exists()


def test_a_server_ends_with_a_run_that_is_killed(lab):
    (lab / "fate.json").write_text('["none", 130]')
    process = command(lab, lab / "said", *BEGIN)
    until = time.monotonic() + 60.0
    while not (lab / "met").exists() and time.monotonic() < until and process.is_alive():
        time.sleep(0.02)
    assert (lab / "met").exists(), (lab / "said").read_text()
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert ends(int((lab / "pid").read_text()))
