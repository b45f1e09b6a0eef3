"""Drive an environment by an exported policy.

It acts as a robot's computer would: no torch, no Stable-Baselines3. Train and export first:

    python train_sb3.py --env Lift --algo sac
    python -m zprl_env.export --run runs/Lift/sac/... --out steered
    python examples/05_deploy.py steered --env Lift
"""

from __future__ import annotations

import argparse

from zprl_env import ActionChunkWrapper, SteeredPolicy, make_env


def main() -> None:
    """Play some episodes and say how many succeeded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("policy", help="folder of an export, or hf://user/repo")
    parser.add_argument("--env", default="Lift")
    parser.add_argument("--episodes", type=int, default=10)
    arguments = parser.parse_args()

    policy = SteeredPolicy.load(arguments.policy)
    env = ActionChunkWrapper(make_env(arguments.env), policy.n_action_steps)
    successes = 0
    for seed in range(arguments.episodes):
        policy.reset(seed)
        observation, _ = env.reset(seed=seed)
        over = False
        while not over:
            chunk = policy.predict(observation)
            observation, _, terminated, truncated, info = env.step(chunk)
            over = terminated or truncated
        successes += info["is_success"]
    env.close()
    print(f"{successes} of {arguments.episodes} episodes succeeded")


if __name__ == "__main__":
    main()
