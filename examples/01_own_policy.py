"""Your own policy in your own environment.

Five numbers and two methods make a policy steerable; nothing is inherited. The environment may be
any of Gymnasium's with flat boxes: `python examples/01_own_policy.py [decisions]`.
"""

import sys

import gymnasium as gym
import numpy as np
from stable_baselines3 import SAC

from zprl_env import Encoding, LatentSteeringWrapper
from zprl_env.evaluation import evaluate
from zprl_env.training.agents.warmup import WarmUp


class Reach(gym.Env):
    """Move a point onto a goal; the observation is where the goal lies, seen from the point."""

    observation_space = gym.spaces.Box(-np.inf, np.inf, (2,), np.float32)
    action_space = gym.spaces.Box(-1.0, 1.0, (2,), np.float32)

    def reset(self, *, seed=None, options=None):
        """Put the goal somewhere."""
        super().reset(seed=seed)
        self.way = self.np_random.uniform(-0.5, 0.5, 2)
        return self.way.astype(np.float32), {}

    def step(self, action):
        """Move by up to 0.1. Success ends an episode; gymnasium's time limit truncates it."""
        self.way = self.way - 0.1 * np.clip(action, -1.0, 1.0)
        success = bool(np.linalg.norm(self.way) < 0.05)
        return self.way.astype(np.float32), float(success), success, False, {"is_success": success}


class Pointer:
    """Goes where its latent points: onto a goal on the right, and beside one on the left."""

    feature_dim, latent_dim, action_dim, horizon, n_action_steps = 2, 2, 2, 4, 2

    def encode(self, observations):
        """Turn (B, observation) into features, mean and standard deviation of the latent."""
        beside = np.where(observations[:, :1] < 0.0, 0.12, 0.0)
        mean = (observations + beside).astype(np.float32)
        return Encoding(observations, mean, np.full_like(mean, 0.01))

    def decode(self, latents, noise):
        """Turn (B, latent_dim) and (B, horizon, action_dim) of noise into as many actions."""
        return np.repeat(4.0 * latents[:, np.newaxis], self.horizon, axis=1) + 0.1 * noise


decisions, seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 3_000, range(100)
env = LatentSteeringWrapper(gym.wrappers.TimeLimit(Reach(), 20), Pointer(), scale=0.3)
print("alone:  ", evaluate(env, None, seeds))  # an action of zeros is the policy itself
settings = {"gamma": env.discount, "ent_coef": "auto_0.01", "learning_starts": 300, "seed": 0}
model = SAC("MlpPolicy", env, **settings, policy_kwargs={"net_arch": [64, 64]}, device="cpu")
model.learn(decisions, callback=WarmUp())  # whose first decisions are the policy's, not random
print("steered:", evaluate(env, model, seeds))
