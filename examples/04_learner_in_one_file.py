"""A learner in one file, as in CleanRL.

No RL library; to be read and changed: `python examples/04_learner_in_one_file.py [decisions]`.
"""

import copy
import sys

import gymnasium as gym
import numpy as np
import torch
from torch import nn

from zprl_env import LatentSteeringWrapper

decisions, warmup = int(sys.argv[1]) if len(sys.argv) > 1 else 8_000, 300
rng, _ = np.random.default_rng(0), torch.manual_seed(0)
env = LatentSteeringWrapper(gym.make("zprl_env:ZPRL-Lift-v0"), "Lift", scale=2.0, noise="zero")
size, n_actions = env.observation_space.shape[0], env.action_space.shape[0]


def network(inputs, outputs, *last):
    """Two layers of 128; the normalisation keeps Q bounded where there is little data."""
    hidden = nn.Linear(inputs, 128), nn.LayerNorm(128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU()
    return nn.Sequential(*hidden, nn.Linear(128, outputs), *last)


def learn(optimizer, loss):
    """Take a gradient step."""
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


actor, critic = network(size, n_actions, nn.Tanh()), network(size + n_actions, 1)
nn.init.normal_(actor[-2].weight, std=1e-3)  # begins near zero, which is the base policy
target = copy.deepcopy(critic)
actors, critics = (torch.optim.Adam(part.parameters(), 3e-4) for part in (actor, critic))
seen, replay, episodes = env.reset(seed=0)[0], [], []
for decision in range(1, decisions + 1):
    action = np.zeros(n_actions, np.float32)
    if decision > warmup:
        action += actor(torch.as_tensor(seen)).detach().numpy() + rng.normal(0.0, 0.3, n_actions)
    following, reward, terminated, truncated, info = env.step(action.clip(-1.0, 1.0, out=action))
    discount = 0.0 if terminated else 0.99 ** info["env_steps"]  # a time-out is not an end
    replay.append((seen, action, following, np.float32([reward]), np.float32([discount])))
    seen = following
    if terminated or truncated:
        episodes.append(info["is_success"])
        print(f"{decision:>6} decisions: success {np.mean(episodes[-50:]):.2f}", flush=True)
        seen, _ = env.reset()
    if decision > warmup:
        batch = zip(*(replay[i] for i in rng.integers(len(replay), size=128)), strict=True)
        old, did, new, rewards, discounts = (torch.as_tensor(np.stack(part)) for part in batch)
        goal = (rewards + discounts * target(torch.cat([new, actor(new)], 1))).detach()
        learn(critics, nn.functional.mse_loss(critic(torch.cat([old, did], 1)), goal))
        learn(actors, -critic(torch.cat([old, actor(old)], 1)).mean())
        for slow, fast in zip(target.parameters(), critic.parameters(), strict=True):
            slow.data.lerp_(fast.data, 0.005)
