"""A task that costs nothing: a point has to reach the origin of the plane.

``python -m tests.helpers.point`` is ``train_sb3.py`` with this task in its table.
"""

from __future__ import annotations

import sys
from pathlib import Path

import gymnasium as gym
import numpy as np
from gymnasium.envs.registration import EnvSpec

import train_sb3
from zprl_env import cli
from zprl_env.experts import Expert, Quality
from zprl_env.tasks import TASKS, Task
from zprl_env.training.command_line import parse

POINT = Task(
    "ZPRL-Point-v0",
    "tests",
    "tests.helpers.point:PointEnv",
    {"task": "Point"},
    max_episode_steps=20,
    expert="tests.helpers.point:PointExpert",
)


class PointEnv(gym.Env[np.ndarray, np.ndarray]):
    """Actions move the point by up to 0.1; the observation is its position and a zero."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}  # noqa: RUF012
    observation_space = gym.spaces.Box(-np.inf, np.inf, (3,), np.float32)
    action_space = gym.spaces.Box(-1.0, 1.0, (2,), np.float32)
    observation_keys = {"position": slice(0, 3)}  # noqa: RUF012
    env_args = {"env_name": "Point"}  # noqa: RUF012
    replayable = True
    spoiled_after = 10**9
    """Steps of all its instances after which observations are NaN."""

    def __init__(self, task: str = "Point", render_mode: str | None = None) -> None:
        self.render_mode = render_mode

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.position = self.np_random.uniform(-0.3, 0.3, 2)
        return self._observation(), {"is_success": False}

    def step(self, action):
        PointEnv.spoiled_after -= 1
        self.position = self.position + 0.1 * np.asarray(action)
        success = bool(np.linalg.norm(self.position) < 0.05)
        return self._observation(), float(success), success, False, {"is_success": success}

    def render(self):
        image = np.zeros((64, 64, 3), np.uint8)
        row, column = np.clip(32 + 32 * self.position, 0, 63).astype(int)
        image[row, column] = 255
        return image

    def _observation(self):
        if PointEnv.spoiled_after <= 0:
            return np.full(3, np.nan, np.float32)
        return np.array([*self.position, 0.0], np.float32)


class PointExpert(Expert):
    """Goes to the origin, or as far beside it as the episode's quality says."""

    gave_up = False

    def reset(self, quality: Quality) -> None:
        self._offset = 4.0 * np.array(quality.grasp_offset[:2])

    def act(self, observation):
        way = self._offset - observation["position"][:2]
        return np.clip(5.0 * way, -1.0, 1.0).astype(np.float32)


def spec() -> EnvSpec:
    """Gymnasium's entry of the task."""
    limit = POINT.max_episode_steps
    return EnvSpec(
        POINT.id,
        POINT.entry_point,
        max_episode_steps=limit,
        disable_env_checker=True,
        kwargs=POINT.kwargs,
    )


def save_policy(folder: Path, observation_dim: int = 3, action_dim: int = 2, seed: int = 0) -> Path:
    """Write the checkpoint of a tiny untrained policy."""
    import torch

    from policies.checkpoints import model as checkpoint
    from policies.model.config import VibFlowConfig
    from policies.model.vib_flow import VibFlow

    config = VibFlowConfig(
        observation_dim=observation_dim,
        action_dim=action_dim,
        horizon=4,
        n_action_steps=2,
        latent_dim=2,
        feature_dim=8,
        encoder_hidden_dims=(8,),
        bottleneck_hidden_dims=(8,),
        hidden_dim=8,
        n_blocks=1,
        embedding_dim=4,
        n_euler_steps=2,
    )
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        model = VibFlow(config)
    rng = np.random.default_rng(0)
    observations = rng.uniform(-0.3, 0.3, (50, observation_dim))
    model.normalizer.fit(observations, rng.uniform(-1.0, 1.0, (50, action_dim)))
    latent = {"mean": [0.0, 0.0], "std": [1.0, 1.0], "rms": [1.0, 1.0]}
    metadata = {"observation_keys": {}, "env_args": {}, "training": {}, "latent": latent}
    checkpoint.save(model, folder, metadata)
    return folder


if __name__ in ("__main__", "__mp_main__"):  # the latter in processes that it starts
    TASKS["Point"] = POINT
    gym.registry[POINT.id] = spec()
if __name__ == "__main__":
    cli.run(lambda: train_sb3.finetune(parse(sys.argv[1:])))
