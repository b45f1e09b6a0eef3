"""Other projects' flags for the same thing: Stable-Baselines3, RL Zoo, CleanRL, LeRobot, robomimic.

Whoever types one of them is told this project's. Flags are written without their hyphens in front.
"""

from __future__ import annotations

_SAME = """
lr step-size learning-rate-actor policy-lr q-lr actor-lr critic-lr: learning-rate
timesteps total-timesteps n-timesteps num-timesteps total-steps n-steps-total env-steps: \
total-env-steps
max-timesteps max-steps training-steps train-steps num-steps num-env-steps frames: total-env-steps
steps iterations iters n-iters gradient-updates offline-steps: steps total-env-steps episodes
epochs num-epochs n-epochs train-epochs: n-epochs steps
n-envs num-env nenvs nproc num-processes n-proc parallel-envs: num-envs workers
workers num-workers n-workers n-jobs jobs j n-procs: workers num-envs
env-id env-name gym-id environment environment-id task task-name task-id id env-type: env task
algorithm agent-type alg method: algo
n-eval-episodes num-eval-episodes test-episodes eval-n-episodes: eval-episodes episodes
n-episodes num-episodes episode-count rollouts n-rollouts num-demos n-demos n: episodes
eval-episodes: eval-episodes episodes
eval-freq evaluate-every eval-interval evaluation-interval test-freq: eval-every
save-freq checkpoint-freq save-interval save-every checkpoint-interval: checkpoint-every
batch bs minibatch-size mini-batch-size: batch-size
buffer replay-size replay-buffer-size buffer-capacity memory-size: buffer-size
discount discount-factor gamma-env: gamma
polyak polyak-tau target-smoothing target-tau: tau
alpha entropy-coef entropy-coefficient ent entropy-bonus temperature: ent-coef
net-arch hidden-sizes hidden-dims layers hidden-units network hidden-dim mlp-dims: hidden
gradient-steps utd utd-ratio updates-per-step train-freq num-updates update-every: \
updates-per-decision
learning-starts start-steps warmup warmup-steps random-steps init-steps num-warmup: warmup-decisions
policy-noise exploration-noise noise-std noise noise-level: action-noise noise
noise-scale noise-temperature flow-noise initial-noise noise-seed: noise
rollout-steps num-rollout-steps rollout-length: rollout-decisions
clip-grad-norm grad-clip gradient-clip max-grad: max-grad-norm
lambda lam lmbda magnitude perturbation-scale residual-scale strength: scale scales
gae gae-lam: gae-lambda
chunk chunk-size action-chunk action-horizon n-action-chunk exec-horizon act-steps: n-action-steps
pred-horizon prediction-horizon action-chunk-size: horizon
random-seed rng-seed seeds: seed
output output-dir output-path save-dir save-path save folder log-folder log-dir logdir log-path: out
logs results-dir exp-name experiment-name name run-name results o f destination output-file \
tensorboard-log tb tensorboard: out
load load-run checkpoint-dir run-dir run-path trained-agent agent agent-path rl-model: \
run resume-from policy
resume continue restore resume-run resume-path from-checkpoint: resume-from run
base-policy policy-path model model-path ckpt ckpt-path checkpoint pretrained pretrained-path \
pretrained-policy base: policy
dataset data data-path dataset-path demos demo demo-path hdf5 dataset-repo-id demonstration: \
demonstrations source file
track wandb-project wandb-project-name use-wandb log-wandb: wandb
conf conf-file config config-file hyperparameters params hyperparams-file yaml cfg: hyperparams
capture-video record-video render save-video film movie: video
no-render no-capture-video headless: no-video
force overwrite-existing replace yes y clobber: overwrite
env-args environment-kwargs env-config make-kwargs: env-kwargs
wrapper steering steer-mode mode: steer
num-threads n-threads torch-threads cores: threads
address host-url server server-url: url
gpu gpus cuda use-cuda accelerator: device
obs-keys observation-names low-dim-keys state-keys keys: observation-keys
filter-key split hdf5-filter-key: mask
"""

SYNONYMS: dict[str, tuple[str, ...]] = {
    other: tuple(ours.split())
    for others, ours in (line.split(": ") for line in _SAME.strip().splitlines())
    for other in others.split()
}
"""This project's flags by others', of which a command has the first that it has."""

_CPU = (
    "networks this small are faster on the processor, which is all that PyTorch gets here. Leave "
    "it out; JAX takes an accelerator that it finds: train with --backend sbx"
)
EXPLAINED: dict[str, str] = {
    **dict.fromkeys(("device", "gpu", "gpus", "cuda", "cpu", "use-cuda", "accelerator"), _CPU),
    **dict.fromkeys(
        ("optimize", "optimize-hyperparameters", "optuna", "n-trials", "tune"),
        "tuning is RL Zoo's, which reads this package's files: python -m rl_zoo3.train "
        "--optimize-hyperparameters (docs/guides/algorithms.md)",
    ),
    **dict.fromkeys(
        ("verbose", "v", "quiet", "q", "progress", "log-interval", "log-level"),
        "there is one amount of output; progress goes to stderr and results to stdout. Leave it "
        "out",
    ),
    "deterministic": "evaluation always takes the agent's mean. Leave it out",
    "stochastic": "evaluation always takes the agent's mean. Leave it out",
    "render-mode": "commands film with --video. Leave it out",
    "vec-env": "environments run in processes of their own from --num-envs 2 on. Leave it out",
}
"""Answers to flags of others that nothing here stands for."""
