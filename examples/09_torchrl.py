"""TorchRL's collector on a steered environment.

It yields decisions as tensors, for losses of TorchRL's or of your own (extra `torchrl`):
`python examples/09_torchrl.py`.
"""

import argparse

import gymnasium as gym
import numpy as np
from tensordict.nn import TensorDictModule
from torch import nn
from torchrl.collectors import Collector
from torchrl.envs import GymWrapper

from zprl_env import LatentSteeringWrapper
from zprl_env.tasks import TASKS


class Told(gym.Wrapper):
    """Success as a part of what is observed, where TorchRL looks for such things."""

    def __init__(self, env):
        """Add it to the observation."""
        super().__init__(env)
        success = gym.spaces.Box(0.0, 1.0, (1,))
        self.observation_space = gym.spaces.Dict(seen=env.observation_space, success=success)

    def reset(self, **kwargs):
        """Begin an episode, which has not succeeded."""
        seen, info = self.env.reset(**kwargs)
        return {"seen": seen, "success": np.zeros(1, np.float32)}, info

    def step(self, action):
        """Take a decision."""
        seen, *rest, info = self.env.step(action)
        return {"seen": seen, "success": np.float32([info["is_success"]])}, *rest, info


def main() -> None:
    """Collect with a small actor near the base policy."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--env", default="Lift", help="a task that a policy is shipped for")
    parser.add_argument("--decisions", type=int, default=2_000)
    parser.add_argument("--batch", type=int, default=200)
    said = parser.parse_args()

    def make():
        env = gym.make(TASKS[said.env].id)
        return GymWrapper(Told(LatentSteeringWrapper(env, said.env, scale=1.0, noise="zero")))

    spec = make()
    n_seen, n_actions = spec.observation_spec["seen"].shape[0], spec.action_spec.shape[0]
    actor = nn.Sequential(nn.Linear(n_seen, 64), nn.Tanh(), nn.Linear(64, n_actions), nn.Tanh())
    nn.init.normal_(actor[2].weight, std=0.01)  # a zero action is the base policy
    policy = TensorDictModule(actor, in_keys=["seen"], out_keys=["action"])
    collector = Collector(make, policy, frames_per_batch=said.batch, total_frames=said.decisions)
    ended = succeeded = 0
    for batch in collector:
        over = batch["next", "done"].flatten()
        ended += int(over.sum())
        succeeded += int(batch["next", "success"].flatten()[over].sum())
        size = f"{len(batch)} decisions, actions of {tuple(batch['action'].shape)}"
        print(f"{size}: {succeeded} of {ended} episodes succeeded", flush=True)
    collector.shutdown()


if __name__ == "__main__":  # processes that are started import this file as well
    main()
