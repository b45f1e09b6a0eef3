"""`integrations/lerobot/lift.sh`: from demonstrations to a steered policy, shortened."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SIMULATORS = os.environ.get("SIMULATORS", "")
SHORT = {
    "EPISODES": "3",
    "TRAIN_STEPS": "4",
    "FIT_STEPS": "4",
    "ENV_STEPS": "250",
    "TESTED": "1",
    "VALIDATED": "1",
    "DIFFUSION": "--policy.n_obs_steps=1 --policy.horizon=16 --policy.n_action_steps=8 "
    "--policy.drop_n_last_frames=0 --policy.down_dims=[8,16] --policy.n_groups=4 "
    "--policy.diffusion_step_embed_dim=8 --policy.noise_scheduler_type=DDIM "
    "--policy.num_inference_steps=2",
    "ACT": "--policy.chunk_size=16 --policy.n_action_steps=8 --policy.dim_model=16 "
    "--policy.n_heads=2 --policy.dim_feedforward=16",
    "SEARCH": "--noise best:2 --episodes 2",
    "CALIBRATION": "--episodes 1 --scales 1",
    "LEARNING": "--scale 1 --warmup-decisions 4 --updates-per-decision 1 --batch-size 8 --no-video",
}


@pytest.mark.skipif(
    not Path(SIMULATORS).is_file(), reason="SIMULATORS names no interpreter with robosuite"
)
def test_every_command_from_demonstrations_to_steered_policies_works(tmp_path):
    done = subprocess.run(
        ["bash", "integrations/lerobot/lift.sh", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, **SHORT, "PYTHON": SIMULATORS, "LEROBOT": sys.executable},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for run in ("diffusion-steered", "act-steered", "diffusion-noise"):
        results = json.loads((tmp_path / run / "results.json").read_text())
        assert results["env_steps"] >= 250
        base, *_, steered = results["test"].values()
        assert base["seeds"] == steered["seeds"]
