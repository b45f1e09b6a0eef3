"""A way of steering of your own.

The agent turns one knob: it stretches or shrinks the latent. A subclass of `Steering` says how
large the action is, where it enters the policy and how strong that is; zero must be the policy
itself: `python examples/06_own_steering.py [decisions]`. In a module of yours, `train_sb3.py`
takes it as `--steer my_lab:Stretch`.
"""

import sys

import gymnasium as gym
import numpy as np
from stable_baselines3 import PPO

from zprl_env.evaluation import evaluate
from zprl_env.steering import Perturbed, Steering
from zprl_env.steering.wrapper import SteeringWrapper


class Stretch(Steering):
    """z~ = (1 + scale a) z, with one number a in [-1, 1]."""

    place = "stretch of the latent"
    defaults = {"scale": 0.5}  # noqa: RUF012

    def __init__(self, policy, *, scale=None, **options):
        """Open a policy; ``options`` are those of every steering."""
        super().__init__(policy, **options)
        self.scale = self.defaults["scale"] if scale is None else scale

    @property
    def agent_dim(self):
        """Size of the agent's action."""
        return 1

    def perturb(self, actions, latents, noise):
        """Stretch the latents, and leave the noise. Shapes ``(B, D)`` and ``(B, H, A)``."""
        return Perturbed((1.0 + self.scale * actions) * latents, noise)

    def strength(self, actions):
        """Size of the change relative to the latent. Shape ``(B,)``."""
        return self.scale * np.abs(actions[:, 0])


class StretchWrapper(SteeringWrapper):
    """Wrapper that steers an environment by `Stretch`."""

    steering_class = Stretch


decisions, seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000, range(1_000_000, 1_000_050)
env = StretchWrapper(gym.make("zprl_env:ZPRL-BoxClose-v0"), "box-close", noise="zero")
print("alone:  ", evaluate(env, None, seeds))
model = PPO("MlpPolicy", env, gamma=env.discount, n_steps=min(512, decisions), seed=0, device="cpu")
model.learn(decisions)
print("steered:", evaluate(env, model, seeds))
env.close()
