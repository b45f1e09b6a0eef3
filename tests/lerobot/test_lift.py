"""Scripts of `integrations/lerobot`: from demonstrations to steered policies, shortened."""

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


needs_simulators = pytest.mark.skipif(
    not Path(SIMULATORS).is_file(), reason="SIMULATORS names no interpreter with robosuite"
)


def played(script, folder, **settings):
    """Run a script of integrations/lerobot with settings that make it short."""
    done = subprocess.run(
        ["bash", f"integrations/lerobot/{script}", str(folder)],
        cwd=ROOT,
        env={**os.environ, **SHORT, **settings, "PYTHON": SIMULATORS, "LEROBOT": sys.executable},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def check_results(run):
    results = json.loads((run / "results.json").read_text())
    assert results["env_steps"] >= 250
    base, *_, steered = results["test"].values()
    assert base["seeds"] == steered["seeds"]


@needs_simulators
def test_every_command_from_demonstrations_to_steered_policies_works(tmp_path):
    played("lift.sh", tmp_path)
    for run in ("diffusion-steered", "act-steered", "diffusion-noise"):
        check_results(tmp_path / run)


@needs_simulators
def test_the_same_of_a_policy_that_sees_and_is_told_nothing_of_the_cube(tmp_path):
    act = f"{SHORT['ACT']} --policy.pretrained_backbone_weights=null"
    said = played("lift_pixels.sh", tmp_path, ACT=act, EPISODES="2", TRAIN_STEPS="2")
    check_results(tmp_path / "act-steered")
    (config,) = tmp_path.glob("act/checkpoints/*2/pretrained_model/config.json")
    shown = {n: f["shape"] for n, f in json.loads(config.read_text())["input_features"].items()}
    cameras = ("agentview", "robot0_eye_in_hand")
    seen = {f"observation.images.{name}": [3, 84, 84] for name in cameras}
    assert shown == {"observation.state": [9], **seen}
    assert "may have looked a little different" not in said
