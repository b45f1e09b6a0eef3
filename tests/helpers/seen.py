"""A task that is seen and costs nothing: two cameras show where a point is, which its state hides.

``python -m tests.helpers.seen`` is ``train_sb3.py`` with this task in its table.
"""

from __future__ import annotations

import sys
from pathlib import Path

import gymnasium as gym
import numpy as np
from gymnasium.envs.registration import EnvSpec

import train_sb3
from policies.pictures.png import encode_frames
from policies.pictures.quality import QUALITIES
from policies.pictures.settings import PictureSettings
from zprl_env import cli
from zprl_env.envs.cameras.eyes import Eyes
from zprl_env.tasks import TASKS, Task
from zprl_env.training.command_line import parse

CAMERAS, SIZE = ("front", "wrist"), (40, 44)
SEEN = Task("ZPRL-Seen-v0", "tests", "tests.helpers.seen:SeenEnv", max_episode_steps=20)


def settings(cameras=CAMERAS, size=SIZE, quality="fast") -> PictureSettings:
    return PictureSettings(cameras=cameras, image_size=size, quality=QUALITIES[quality])


class SeenEnv(gym.Env):
    """Actions move the point by up to 0.1; its height is felt, and all of it is seen.

    Attributes:
        taken: Pictures that were taken.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}  # noqa: RUF012
    action_space = gym.spaces.Box(-1.0, 1.0, (2,), np.float32)
    env_args = {"env_name": "Seen"}  # noqa: RUF012
    replayable = True

    def __init__(
        self, cameras=CAMERAS, size=SIZE, quality="fast", observation="pixels", render_mode=None
    ) -> None:
        self.render_mode, self.taken = render_mode, 0
        keys = {"goal": slice(0, 2), "height": slice(2, 3), "speed": slice(3, 5)}
        felt = [] if observation == "none" else ["height", "speed"]
        seen = "pixels" if observation == "none" else observation
        self.eyes = Eyes(settings(cameras, size, quality), self.take, keys, felt, seen)
        self.observation_space = self.eyes.observation_space
        self.observation_keys = self.eyes.observation_keys
        self.picture_settings = self.eyes.settings

    def take(self):
        self.taken += 1
        rng = np.random.default_rng(abs(int(1e6 * self.position[0])))
        cameras, size = self.eyes.settings.cameras, self.eyes.settings.image_size
        return {name: rng.integers(0, 256, (*size, 3), np.uint8) for name in cameras}

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.eyes.settle()
        self.position = self.np_random.uniform(-0.3, 0.3, 2)
        return self._observation(), {"is_success": False}

    def step(self, action):
        self.eyes.settle()
        self.position = self.position + 0.1 * np.asarray(action)
        success = bool(np.linalg.norm(self.position) < 0.05)
        return self._observation(), float(success), success, False, {"is_success": success}

    def render(self):
        return self.take()["front"]

    def _observation(self):
        return self.eyes.see(np.array([0, 0, self.position[1], 0.5, 0.5], np.float32))


def spec() -> EnvSpec:
    """Gymnasium's entry of the task."""
    limit = SEEN.max_episode_steps
    return EnvSpec(SEEN.id, SEEN.entry_point, max_episode_steps=limit, disable_env_checker=True)


def save_policy(folder: Path, cameras=CAMERAS, size=SIZE, observation_dim=3, **eyes) -> Path:
    """Write the checkpoint of a tiny untrained policy that sees."""
    import torch

    from policies.checkpoints import model as checkpoint
    from policies.model.config import VibFlowConfig
    from policies.model.vib_flow import VibFlow
    from policies.pictures.config import EyesConfig

    encoder, backbone = eyes.pop("encoder", "small"), eyes.pop("backbone", None)
    config = VibFlowConfig(
        observation_dim=observation_dim,
        action_dim=2,
        horizon=4,
        n_action_steps=2,
        latent_dim=2,
        feature_dim=8 + observation_dim,
        encoder_hidden_dims=(8,),
        bottleneck_hidden_dims=(8,),
        hidden_dim=8,
        n_blocks=1,
        embedding_dim=4,
        n_euler_steps=2,
        pictures=EyesConfig.of(cameras, size, encoder, crop=36),
    )
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        model = VibFlow(config, backbone)
    rng = np.random.default_rng(0)
    states = rng.uniform(-0.3, 0.3, (50, observation_dim))
    model.normalizer.fit(states, rng.uniform(-1.0, 1.0, (50, 2)))
    latent = {"mean": [0.0, 0.0], "std": [1.0, 1.0], "rms": [1.0, 1.0]}
    frames = {name: rng.integers(0, 256, (*size, 3), np.uint8) for name in cameras}
    metadata = {
        "observation_keys": {"height": 1, "speed": 2} if observation_dim else {},
        "env_args": {},
        "training": {},
        "latent": latent,
        "pictures": settings(cameras, size).to_dict(),
        "reference_frames": encode_frames(frames),
    }
    checkpoint.save(model, folder, metadata)
    return folder


if __name__ in ("__main__", "__mp_main__"):  # the latter in processes that it starts
    TASKS["Seen"] = SEEN
    gym.registry[SEEN.id] = spec()
if __name__ == "__main__":
    cli.run(lambda: train_sb3.finetune(parse(sys.argv[1:])))
