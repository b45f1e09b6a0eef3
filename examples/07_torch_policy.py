"""A torch policy from elsewhere: its noise steered at once, then a bottleneck fitted onto it.

Three sizes and three methods make it steerable: `python examples/07_torch_policy.py [decisions]`.
"""

import sys

import gymnasium as gym
import torch
from stable_baselines3 import SAC
from torch.nn import Linear, Module, Sequential, SiLU

from policies.foreign import ForeignPolicy, fit_foreign_bottleneck
from policies.imitation.config import BottleneckConfig
from policies.imitation.dataset import chunk_dataset
from zprl_env import LatentSteeringWrapper, NoiseSteeringWrapper
from zprl_env.evaluation import evaluate
from zprl_env.testing import Reach, reach_demonstrations


class Flow(Module):
    """Policy of flow matching over chunks of four actions."""

    action_dim, horizon, n_action_steps, observation_dim = 2, 4, 2, 2

    def __init__(self):
        super().__init__()
        self.encoder = Sequential(Linear(2, 64), SiLU(), Linear(64, 32))
        self.velocity = Sequential(Linear(41, 128), SiLU(), Linear(128, 8))

    def embed(self, batch):
        """(B, observation) to the condition, (B, 32)."""
        return self.encoder(4.0 * batch)

    def move(self, x, time, condition):
        """Velocity of chunks on their way from noise."""
        return self.velocity(torch.cat([x.flatten(1), time, condition], 1)).view_as(x)

    def generate(self, condition, noise):
        """(B, 32) and noise, (B, horizon, action), to a chunk."""
        for time in torch.arange(5) / 5:
            noise = noise + self.move(noise, time.expand(len(noise), 1), condition) / 5
        return noise

    def loss(self, condition, actions):
        """Loss that it was trained by."""
        noise, time = torch.randn_like(actions), torch.rand(len(actions), 1)
        x = noise + time[..., None] * (actions - noise)
        return (self.move(x, time, condition) - (actions - noise)).square().mean()


torch.manual_seed(0)
flow, shown = Flow(), reach_demonstrations()  # somebody trains it
ways, chunks = map(torch.from_numpy, chunk_dataset(shown.trajectories, ["way"], flow.horizon))
optimizer = torch.optim.Adam(flow.parameters(), 1e-3)
for _ in range(1000):
    rows = torch.randint(len(ways), (128,))
    flow.zero_grad()
    flow.loss(flow.embed(ways[rows]), chunks[rows]).backward()
    optimizer.step()

decisions, env = int([*sys.argv, "3000"][1]), gym.wrappers.TimeLimit(Reach(), 20)
fitted = fit_foreign_bottleneck(flow, shown, BottleneckConfig(steps=1_000, latent_dim=2))
noise = NoiseSteeringWrapper(env, ForeignPolicy(flow), scale=2.0, noise="fresh")
for steered in (noise, LatentSteeringWrapper(env, fitted)):
    model = SAC("MlpPolicy", steered, gamma=steered.discount, ent_coef="auto_0.01", seed=0)
    print(f"{type(steered).__name__} alone:  ", evaluate(steered, None, range(100)))
    model.learn(decisions)
    print(f"{type(steered).__name__} steered:", evaluate(steered, model, range(100)))
