#!/usr/bin/env bash
# From demonstrations of Lift to robomimic's own BC, VAE and RNN, and to each of them steered:
#     bash integrations/robomimic/lift.sh FOLDER
# with robomimic 0.3.0 in an interpreter of its own (Python 3.11):
#     pip install torch torchvision h5py psutil tqdm termcolor tensorboard tensorboardX imageio \
#         matplotlib six safetensors "numpy<2" && pip install --no-deps robomimic==0.3.0
set -euo pipefail
out=$(realpath -m "${1:?where to, a folder}")
python=$(realpath -s "${PYTHON:-.venv/bin/python}")             # the simulators' interpreter
robomimic=$(realpath -s "${ROBOMIMIC:-.venv-robomimic/bin/python}") # robomimic's own
here=$(realpath .)
export PYTHONPATH=$here
kinds=${KINDS:-bc vae rnn} epochs=${EPOCHS:-20} env_steps=${ENV_STEPS:-15000} tested=${TESTED:-50}
mkdir -p "$out" && cd "$out"
cp "$here/integrations/robomimic/robomimic_policy.py" .

"$python" -m zprl_env.experts.record --env Lift --episodes "${EPISODES:-80}" --successes-only \
    --out lift.hdf5
for kind in $kinds; do
    # robomimic's own trainer.
    "$robomimic" "$here/integrations/robomimic/settings.py" "$kind" lift.hdf5 "$out/trained" \
        "$epochs" > "$kind.json"
    "$robomimic" -m robomimic.scripts.train --config "$kind.json"
    checkpoint=$(find "trained/$kind" -name "model_epoch_$epochs.pth" | sort | tail -1)
    # Which checkpoint: a file of one's own, four lines.
    printf 'from robomimic_policy import load\n\n\ndef policy():\n    return load("%s")\n' \
        "$checkpoint" > "my_$kind.py"
    case $kind in # where each can be moved: see the README
        bc) steer=action ;;
        vae) steer=latent ;;
        rnn) steer=noise ;;
    esac
    "$python" -m zprl_env.check --env Lift --policy "my_$kind:policy" --policy-python "$robomimic"
    "$python" -m zprl_env.evaluate --env Lift --policy "my_$kind:policy" \
        --policy-python "$robomimic" --episodes "$tested"
    "$python" "$here/train_sb3.py" --env Lift --algo sac --policy "my_$kind:policy" \
        --policy-python "$robomimic" --steer "$steer" --out "steered/$kind" \
        --total-env-steps "$env_steps" --eval-episodes "$tested" --no-video
done
