"""PPO on eight environments that share one policy.

`SteeringVecEnv` calls it once per decision for all: `python examples/03_ppo_vectorised.py`.
"""

import argparse

from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv

from zprl_env import ActionChunkWrapper, SteeringVecEnv
from zprl_env.tasks import TASKS


def main() -> None:
    """Train, and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--env", default="Lift", help="a task that a policy is shipped for")
    parser.add_argument("--processes", action="store_true", help="a process for each environment")
    parser.add_argument("--rollouts", type=int, default=40)
    parser.add_argument("--n-steps", type=int, default=64, help="decisions of each in a rollout")
    parser.add_argument("--episodes", type=int, default=50)
    arguments = parser.parse_args()

    def steered(n_envs: int, seed: int, **options) -> SteeringVecEnv:
        # The workers simulate chunks of actions and know nothing of the policy, which lives here.
        workers = make_vec_env(
            TASKS[arguments.env].id,
            n_envs,
            seed,
            wrapper_class=ActionChunkWrapper,
            wrapper_kwargs={"n_action_steps": 8, "gamma": 0.99},
            vec_env_cls=SubprocVecEnv if arguments.processes else DummyVecEnv,
        )
        return SteeringVecEnv(workers, arguments.env, scale=2.0, noise="zero", **options)

    envs, held_out = steered(8, seed=0), steered(1, seed=1_000_000, sample_latent=False)
    settings = {"n_steps": arguments.n_steps, "batch_size": 128, "gamma": envs.discount, "seed": 0}
    networks = {"net_arch": [128, 128], "log_std_init": -0.5}  # explores by 0.6 of the bounds
    model = PPO("MlpPolicy", envs, policy_kwargs=networks, device="cpu", **settings)
    successes: list[bool] = []

    def note(play, _) -> None:
        if play["done"]:
            successes.append(play["info"]["is_success"])

    decisions = 8 * arguments.n_steps * arguments.rollouts
    for name, budget in (("alone", 0), ("steered", decisions)):  # PPO begins at about zero
        model.learn(budget)
        successes.clear()
        evaluate_policy(model, held_out, arguments.episodes, callback=note)
        print(f"{name}: {sum(successes)} of {len(successes)} episodes succeeded", flush=True)
    envs.close()


if __name__ == "__main__":  # processes that are started import this file as well
    main()
