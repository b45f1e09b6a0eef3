#!/usr/bin/env bash
# From demonstrations of Lift to LeRobot's own Diffusion policy and ACT, and to both of them steered:
# every command of docs/guides/lerobot.md, in its order. Sizes are settings, so that a test can run
# it in a minute: bash integrations/lerobot/lift.sh FOLDER
set -euo pipefail
out=${1:?where to, a folder}
python=${PYTHON:-.venv/bin/python}          # the simulators' interpreter
lerobot=${LEROBOT:-.venv-lerobot/bin/python} # LeRobot's own: make test-lerobot builds it
export PYTHONPATH=${PYTHONPATH:-.}
kinds=${KINDS:-diffusion act}
train_steps=${TRAIN_STEPS:-8000} fit_steps=${FIT_STEPS:-6000} env_steps=${ENV_STEPS:-40000}
episodes=${EPISODES:-80} tested=${TESTED:-100} validated=${VALIDATED:-50}
lerobot_train="$(dirname "$lerobot")/lerobot-train"
diffusion=${DIFFUSION:---policy.n_obs_steps=1 --policy.horizon=16 --policy.n_action_steps=8
    --policy.drop_n_last_frames=0 --policy.down_dims=[64,128] --policy.optimizer_lr=1e-3
    --policy.noise_scheduler_type=DDIM --policy.num_inference_steps=10}
act=${ACT:---policy.chunk_size=16 --policy.n_action_steps=8 --policy.dim_model=128
    --policy.n_heads=4 --policy.dim_feedforward=256 --policy.kl_weight=1 --policy.optimizer_lr=5e-4}
search=${SEARCH:---noise best:4}
noise=${NOISE:---steer-kwargs noise_steps=1 --scale 1}
learning=${LEARNING:-}
mkdir -p "$out"

# Demonstrations, as a LeRobotDataset too.
"$python" -m zprl_env.experts.record --env Lift --episodes "$episodes" --successes-only \
    --out "$out/lift.hdf5"
"$python" -m policies.convert "$out/lift.hdf5" "$out/lift_lerobot" --format lerobot \
    --task "lift the cube"

for kind in $kinds; do
    base="$out/$kind" steered="$out/$kind-steered"
    # LeRobot's own trainer.
    settings=${!kind}
    # shellcheck disable=SC2086
    "$lerobot_train" --policy.type="$kind" $settings --policy.device=cpu \
        --policy.push_to_hub=false --dataset.repo_id=local/lift \
        --dataset.root="$out/lift_lerobot" --output_dir="$base" --steps="$train_steps" \
        --save_freq="$train_steps" --batch_size=16 --num_workers=0 --wandb.enable=false
    if [ "$kind" = diffusion ]; then
        # A bottleneck onto its condition. ACT has a latent of its own.
        "$lerobot" -m policies.fit_bottleneck --policy "lerobot:$base" \
            --demonstrations "$out/lift.hdf5" --latent-dim 8 --steps "$fit_steps" \
            --batch-size 32 --out "$out/$kind-bottleneck"
        policy="$out/$kind-bottleneck"
    else
        policy="lerobot:$base"
    fi
    # How far its latent can be moved, and what an agent makes of it.
    # shellcheck disable=SC2086
    "$python" -m zprl_env.calibrate --env Lift --policy "$policy" \
        --policy-python "$lerobot" --out "$out/$kind-calibration" \
        ${CALIBRATION:-}
    # shellcheck disable=SC2086
    "$python" train_sb3.py --env Lift --algo sac --policy "$policy" \
        --policy-python "$lerobot" --out "$steered" \
        --total-env-steps "$env_steps" --eval-episodes "$tested" \
        --validation-episodes "$validated" $learning
done

if [[ " $kinds " = *" diffusion "* ]]; then
    # The same policy's noise: what a draw alone decides, and what an agent makes of it, which moves
    # one step's noise and repeats it over the chunk. Nothing has to be fitted for that.
    # shellcheck disable=SC2086
    "$python" -m zprl_env.calibrate --env Lift --policy "lerobot:$out/diffusion" \
        --policy-python "$lerobot" --out "$out/diffusion-noises" $search
    # shellcheck disable=SC2086
    "$python" train_sb3.py --env Lift --algo sac --policy "lerobot:$out/diffusion" --steer noise \
        --policy-python "$lerobot" $noise \
        --out "$out/diffusion-noise" --total-env-steps "$env_steps" \
        --eval-episodes "$tested" --validation-episodes "$validated" $learning
fi
