#!/usr/bin/env bash
# From demonstrations of Lift to a U-Net of Diffusion Policy's, and to that steered. NOT RUN AS A WHOLE:
# the second command needs their repository, which is in no package index. See the README.
#     bash integrations/diffusion_policy/lift.sh FOLDER
set -euo pipefail
out=$(realpath -m "${1:?where to, a folder}")
python=$(realpath -s "${PYTHON:-.venv/bin/python}")        # the simulators' interpreter
theirs=$(realpath -s "${DIFFUSION_POLICY:?their repository}") # with train.py in it
robodiff=$(realpath -s "${ROBODIFF:?its interpreter}")     # with safetensors besides
here=$(realpath .)
export PYTHONPATH=$here:$theirs
mkdir -p "$out" && cd "$out"
cp "$here/integrations/diffusion_policy/diffusion_policy_generator.py" .

# Robomimic's layout is what their dataset of Lift reads.
"$python" -m zprl_env.experts.record --env Lift --episodes "${EPISODES:-80}" --successes-only \
    --out lift.hdf5
(cd "$theirs" && "$robodiff" train.py --config-name=train_diffusion_unet_lowdim_workspace \
    task=lift_lowdim task.dataset_path="$out/lift.hdf5" task.dataset.dataset_path="$out/lift.hdf5" \
    training.rollout_every=1000000 policy.obs_as_global_cond=true policy.oa_step_convention=true \
    training.num_epochs="${EPOCHS:-200}" hydra.run.dir="$out/trained" logging.mode=offline)

cat > my_lift.py << 'PYTHON'
from diffusion_policy_generator import load

STATES = {"object": 10, "robot0_eef_pos": 3, "robot0_eef_quat": 4, "robot0_gripper_qpos": 2}


def policy():
    return load("trained/checkpoints/latest.ckpt", states=STATES)
PYTHON
on=(--env Lift --policy my_lift:policy --policy-python "$robodiff")
"$python" -m zprl_env.check "${on[@]}"
"$python" -m zprl_env.evaluate "${on[@]}" --episodes "${TESTED:-50}"
"$python" -m zprl_env.calibrate "${on[@]}" --noise best:6
"$python" "$here/train_sb3.py" "${on[@]}" --algo sac --steer noise --out steered \
    --total-env-steps "${ENV_STEPS:-15000}" --eval-episodes "${TESTED:-50}" --no-video
