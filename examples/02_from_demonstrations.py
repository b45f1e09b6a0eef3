"""From a file of demonstrations to a steered policy.

Reads robomimic's HDF5 (recorded first if not given), imitates it and steers what came of that:
`python examples/02_from_demonstrations.py [demos.hdf5]`.
"""

import argparse
from pathlib import Path

from stable_baselines3 import SAC

from policies import Demonstrations, PretrainConfig
from policies.demonstrations.summary import summarise
from policies.inspect import print_summary
from policies.pretrain import pretrain
from zprl_env import LatentSteeringWrapper, make_env
from zprl_env.evaluation import VALIDATION_SEED, evaluate
from zprl_env.experts.record import Recording, record
from zprl_env.training.agents.warmup import WarmUp

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("dataset", nargs="?", type=Path, help="recorded first if not given")
parser.add_argument("--env", default="Lift")
parser.add_argument("--demonstrations", type=int, default=50)
parser.add_argument("--steps", type=int, default=12_000, help="gradient steps of imitation")
parser.add_argument("--decisions", type=int, default=5_000, help="of reinforcement learning")
parser.add_argument("--episodes", type=int, default=50, help="to evaluate on")
parser.add_argument("--out", type=Path, default=Path("runs/from_demonstrations"))
arguments = parser.parse_args()
seeds = range(VALIDATION_SEED, VALIDATION_SEED + arguments.episodes)

# 1. Demonstrations: robomimic's own files are read as they are, low-dimensional observations.
dataset = arguments.dataset or arguments.out / "demonstrations.hdf5"
if not dataset.exists():  # a scripted expert that errs like people
    record(Recording(dataset, arguments.env, episodes=arguments.demonstrations))

# 2. What is in it, before anything is learned from it.
print_summary(summarise(str(dataset)))

# 3. Imitation: encoder, bottleneck and flow. The folder is safetensors and JSON.
config = PretrainConfig(steps=arguments.steps, log_every=max(1, arguments.steps // 4))
policy = pretrain(Demonstrations.load(dataset), config)
policy.save(arguments.out / "policy")

# 4. Steering. The printed ratio says how large a perturbation lambda = 2 is beside the latent.
env = LatentSteeringWrapper(make_env(arguments.env), policy, scale=2.0, noise="zero")
print(f"Steering {env.steering}.")
print("alone:  ", evaluate(env, None, seeds))
settings = {"ent_coef": "auto_0.01", "gradient_steps": 4, "device": "cpu", "seed": 0}
model = SAC("MlpPolicy", env, gamma=env.discount, learning_starts=500, **settings)
model.learn(arguments.decisions, callback=WarmUp())
print("steered:", evaluate(env, model, seeds))
