#!/usr/bin/env bash
# From demonstrations of Lift, seen through two cameras, to LeRobot's own ACT of pixels, and to that
# steered at its latent. Sizes are settings, so that a test can run it:
#     bash integrations/lerobot/lift_pixels.sh FOLDER
set -euo pipefail
out=${1:?where to, a folder}
python=${PYTHON:-.venv/bin/python}          # the simulators' interpreter
lerobot=${LEROBOT:-.venv-lerobot/bin/python} # LeRobot's own: make test-lerobot builds it
export PYTHONPATH=${PYTHONPATH:-.}
episodes=${EPISODES:-24} workers=${WORKERS:-1} train_steps=${TRAIN_STEPS:-1400}
env_steps=${ENV_STEPS:-20000} tested=${TESTED:-100} validated=${VALIDATED:-30}
lerobot_train="$(dirname "$lerobot")/lerobot-train"
# Nothing is downloaded: its ResNet begins from random weights, and so learns as fast as the rest.
# At 3e-4 and batches of 8 it ends up blind. A KL of little weight leaves something to the latent,
# where an agent is to steer it. PRECISION=bf16 saves a third of the time on a CPU that has it.
export ACCELERATE_MIXED_PRECISION=${PRECISION:-no}
act=${ACT:---policy.chunk_size=16 --policy.n_action_steps=8 --policy.dim_model=128
    --policy.n_heads=4 --policy.dim_feedforward=256 --policy.kl_weight=0.1
    --policy.pretrained_backbone_weights=null --policy.optimizer_lr=1e-4
    --policy.optimizer_lr_backbone=1e-4}
mkdir -p "$out"

# Demonstrations: what the cameras see at every step, 84 x 84, and what the arm feels of itself.
# Where the cube is stays in the HDF5 file: a policy that sees must not be told.
"$python" -m zprl_env.experts.record --env Lift-Pixels --episodes "$episodes" --successes-only \
    --workers "$workers" --out "$out/lift.hdf5"
"$python" -m policies.convert "$out/lift.hdf5" "$out/lift_lerobot" --format lerobot \
    --task "lift the cube" \
    --observation-keys robot0_eef_pos robot0_eef_quat robot0_gripper_qpos

# LeRobot's own trainer.
# shellcheck disable=SC2086
"$lerobot_train" --policy.type=act $act --policy.device=cpu --policy.push_to_hub=false \
    --dataset.repo_id=local/lift --dataset.root="$out/lift_lerobot" --output_dir="$out/act" \
    --steps="$train_steps" --save_freq="${SAVE_EVERY:-$train_steps}" --batch_size=16 \
    --num_workers=1 --wandb.enable=false

# How far its latent can be moved, and what an agent makes of it, which never sees a picture.
# shellcheck disable=SC2086
"$python" -m zprl_env.calibrate --env Lift-Pixels --policy "lerobot:$out/act" \
    --policy-python "$lerobot" --out "$out/act-calibration" ${CALIBRATION:-}
# shellcheck disable=SC2086
"$python" train_sb3.py --env Lift-Pixels --algo sac --policy "lerobot:$out/act" \
    --policy-python "$lerobot" --out "$out/act-steered" --total-env-steps "$env_steps" \
    --eval-episodes "$tested" --validation-episodes "$validated" ${LEARNING:-}
