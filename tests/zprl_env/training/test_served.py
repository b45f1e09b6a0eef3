"""A run whose policy dies in another interpreter ends in one error, and goes on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
LAB = """
import os
import numpy as np

class Line:
    feature_dim, latent_dim, action_dim, horizon, n_action_steps = 0, 3, 1, 4, 4
    asked = 0

    def encode(self, observations):
        Line.asked += 1
        if Line.asked > 190 and os.path.exists("mortal"):
            os._exit(7)
        mean = np.asarray(observations, np.float32)[:, :3]
        return np.zeros((len(mean), 0), np.float32), mean, np.zeros_like(mean)

    def decode(self, latents, noise):
        return np.repeat(latents[:, None, :1], 4, axis=1) + noise
"""


def train(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "train_sb3.py"), *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_policy_that_dies_is_told_and_the_run_goes_on(tmp_path):
    (tmp_path / "my_lab.py").write_text(LAB)
    (tmp_path / "mortal").touch()
    asked = "--env Pendulum-v1 --policy my_lab:Line --scale 0.5 --total-env-steps 800"
    short = "--warmup-decisions 20 --eval-episodes 1 --validation-episodes 1 --no-video --out run"
    python = ("--policy-python", sys.executable)
    died = train(tmp_path, *asked.split(), *short.split(), *python)
    assert died.returncode == 2
    assert "the policy served at" in died.stderr
    assert "The process ended with 7." in died.stderr
    assert "Traceback" not in died.stderr
    assert "--resume-from run --trust" in died.stdout

    (tmp_path / "mortal").unlink()
    again = train(tmp_path, "--resume-from", "run", "--trust")
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "run" / "results.json").exists()
