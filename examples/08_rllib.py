"""RLlib's PPO or SAC on a steered environment.

A Gymnasium environment is all that RLlib needs: `python examples/08_rllib.py`. It needs the extra
`rllib`, whose Ray asks for an older Gymnasium than the newest. RLlib's networks do not begin at the
base policy, as those of `train_sb3.py` do; and it starts workers of its own.
"""

import argparse
import os

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

import gymnasium as gym
import ray
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.algorithms.sac import SACConfig
from ray.tune.registry import register_env

import zprl_env
from zprl_env.tasks import TASKS


def make(settings):
    """Make the environment, in whichever process RLlib wants one."""
    env = gym.make(TASKS[settings["task"]].id)
    return zprl_env.LatentSteeringWrapper(env, settings["task"], scale=1.0, noise="zero")


def main() -> None:
    """Train for some iterations."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--env", default="Lift", help="a task that a policy is shipped for")
    parser.add_argument("--algo", default="ppo", choices=("ppo", "sac"))
    parser.add_argument("--runners", type=int, default=2, help="workers; 0 is this process alone")
    parser.add_argument("--iterations", type=int, default=50)
    parser.add_argument("--decisions", type=int, default=512, help="of an iteration")
    arguments = parser.parse_args()

    register_env("steered", make)
    size, gamma = arguments.decisions, 0.99**8  # a decision is eight environment steps
    if arguments.algo == "ppo":
        config = PPOConfig().training(
            train_batch_size_per_learner=size, minibatch_size=size // 4, gamma=gamma, lr=3e-4
        )
    else:
        config = SACConfig().training(
            train_batch_size_per_learner=128,
            num_steps_sampled_before_learning_starts=size // 2,
            gamma=gamma,
        )
        config.reporting(min_sample_timesteps_per_iteration=size)
    config.environment("steered", env_config={"task": arguments.env})
    config.env_runners(num_env_runners=arguments.runners)
    quiet = {"include_dashboard": False, "log_to_driver": False}
    ray.init("local", num_cpus=arguments.runners + 1, **quiet)
    algorithm = config.build_algo()
    for iteration in range(arguments.iterations):
        found = algorithm.train()["env_runners"]
        decisions, reward = found["num_env_steps_sampled_lifetime"], found["episode_return_mean"]
        # The reward is 1 on success, discounted within its decision: nearly the success rate.
        print(f"{iteration}: {int(decisions)} decisions, mean return {reward:.2f}", flush=True)
    algorithm.stop()
    ray.shutdown()


if __name__ == "__main__":  # workers import this file as well
    main()
