"""Diffusion Policy's U-Nets as generators: of states and of pictures, with a global condition.

It is imported in the interpreter that has `diffusion_policy`. Copy it beside a file of yours that
says which checkpoint, and give `--policy my_lift:policy --policy-python ROBODIFF/bin/python`:

    from diffusion_policy_generator import load

    def policy():
        return load("data/outputs/lift/checkpoints/latest.ckpt", states={"object": 10, ...})
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from policies.meaning.ranges import Ranges
from policies.pictures.settings import PictureSettings


class UNetGenerator:
    """A U-Net, opened at the noise and at its global condition, and sampled by DDIM.

    Args:
        policy: Their policy with its normaliser: `DiffusionUnetLowdimPolicy`, or
            `DiffusionUnetHybridImagePolicy` or `DiffusionUnetImagePolicy`, which see.
        states: Sizes of the states by their names, in the order of their `obs`, which an
            environment with the same names is flattened in.
        cameras: The environment's camera by their name of a picture, of one that sees.
        image_size: Height and width of a picture, of one that sees.
        steps: Denoising steps.
        n_action_steps: Actions that are executed of a chunk; theirs if not given.
        scheduler: A sampler without chance; DDIM by the settings it was trained with.
    """

    def __init__(
        self,
        policy: Any,
        states: Mapping[str, int] | None = None,
        cameras: Mapping[str, str] | None = None,
        image_size: tuple[int, int] | None = None,
        steps: int = 10,
        n_action_steps: int | None = None,
        scheduler: Any = None,
    ) -> None:
        if not getattr(policy, "obs_as_global_cond", False):
            raise ValueError("The policy must be a U-Net with obs_as_global_cond.")
        if getattr(policy, "pred_action_steps_only", False):
            raise ValueError("The policy must predict whole chunks. Got: pred_action_steps_only.")
        if scheduler is None:
            from diffusers import DDIMScheduler

            scheduler = DDIMScheduler.from_config(policy.noise_scheduler.config)
        self.policy, self.scheduler, self.steps = policy, scheduler, steps
        self.states, self.eyes = dict(states or {}), dict(cameras or {})
        self.n_obs_steps, self.action_dim = int(policy.n_obs_steps), int(policy.action_dim)
        sees = hasattr(policy, "obs_encoder")
        # Their first executed action: the one after the last observation's, or the one beside it.
        late = not sees and not policy.oa_step_convention
        self.past_actions = self.n_obs_steps - (not late)
        self.horizon = int(policy.horizon) - self.past_actions
        self.n_action_steps = int(n_action_steps or policy.n_action_steps)
        self.noise_shape = (int(policy.horizon), self.action_dim)
        self.action_ranges = self._ranges("action")
        self.metadata = {"observation_keys": self.states} if self.states else {}
        if not sees:
            self.observation_dim, self.observation_ranges = int(policy.obs_dim), self._ranges("obs")
            return
        if not self.eyes or image_size is None:
            raise ValueError("A policy that sees must be given cameras and image_size.")
        self.cameras = tuple(self.eyes.values())
        self.picture_settings = PictureSettings(cameras=self.cameras, image_size=image_size)
        self.condition_dim = int(policy.obs_feature_dim) * self.n_obs_steps
        self.observation_dim = sum(self.states.values())
        if self.states:
            self.observation_ranges = Ranges.joined([self._ranges(name) for name in self.states])

    def embed(self, batch: Any) -> Tensor:
        """Observations of `n_obs_steps` to the global condition, (B, C)."""
        if not self.eyes:
            seen = batch.reshape(len(batch), self.n_obs_steps, -1)
            return self.policy.normalizer["obs"].normalize(seen).flatten(1)
        rows, parts = len(batch[self.cameras[0]]), {}
        if self.states:
            state = batch["state"].reshape(rows * self.n_obs_steps, -1)
            split = state.split([*self.states.values()], 1)
            parts = dict(zip(self.states, split, strict=True))
        for name, eye in self.eyes.items():  # theirs: channels first, of [0, 1]
            pixels = batch[eye].reshape(rows * self.n_obs_steps, *batch[eye].shape[-3:])
            parts[name] = pixels.movedim(-1, 1).float() / 255
        return self.policy.obs_encoder(self.policy.normalizer.normalize(parts)).reshape(rows, -1)

    def generate(self, condition: Tensor, noise: Tensor) -> Tensor:
        """The chunk from its first executed action on, denoised from the noise."""
        self.scheduler.set_timesteps(self.steps)
        for time in self.scheduler.timesteps:
            said = self.policy.model(noise, time, local_cond=None, global_cond=condition)
            noise = self.scheduler.step(said, time, noise).prev_sample
        return self.policy.normalizer["action"].unnormalize(noise)[:, self.past_actions :]

    def loss(self, condition: Tensor, actions: Tensor) -> Tensor:
        """Their loss of whole chunks: of the noise at a random time, or of the chunk itself."""
        chunk = self.policy.normalizer["action"].normalize(actions)
        settings, noise = self.policy.noise_scheduler.config, torch.randn_like(chunk)
        time = torch.randint(0, settings.num_train_timesteps, (len(chunk),))
        noisy = self.policy.noise_scheduler.add_noise(chunk, noise, time)
        said = self.policy.model(noisy, time, local_cond=None, global_cond=condition)
        wanted = noise if settings.prediction_type == "epsilon" else chunk
        return (said - wanted).square().mean()

    def _ranges(self, name: str) -> Ranges:
        """Least and largest numbers of their training data, which the normaliser keeps."""
        known = self.policy.normalizer[name].get_input_stats()
        return Ranges.between(*(known[end].detach().cpu().numpy() for end in ("min", "max")))


def load(path: str, **options: Any) -> UNetGenerator:
    """Load a checkpoint as their `eval.py` does, which unpickles: only one that you trust."""
    import dill
    import hydra

    with open(path, "rb") as file:
        payload = torch.load(file, pickle_module=dill, map_location="cpu", weights_only=False)
    config = payload["cfg"]
    made = hydra.utils.get_class(config._target_)(config, output_dir=tempfile.gettempdir())
    made.load_payload(payload, exclude_keys=None, include_keys=None)
    policy = made.ema_model if config.training.use_ema else made.model
    return UNetGenerator(policy.to("cpu").eval(), **options)
