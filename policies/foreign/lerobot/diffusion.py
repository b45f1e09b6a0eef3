"""Generator of a LeRobot Diffusion policy: its condition, its denoiser, its own loss."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from policies.errors import CheckpointError
from policies.foreign.lerobot.base import LeRobotGenerator
from policies.foreign.lerobot.checkpoint import LeRobotCheckpoint
from policies.foreign.lerobot.features import OBS_IMAGES

SAMPLER = "noise_scheduler_type"


class DiffusionGenerator(LeRobotGenerator):
    """LeRobot's Diffusion policy, opened between its condition and its denoiser.

    The condition is what ``_prepare_global_conditioning`` makes of the normalised observations of
    ``n_obs_steps``; the generator is ``conditional_sample`` with the noise that is given. The
    first of its actions belongs ``n_obs_steps - 1`` steps ago: a chunk begins at the one for now.

    Args:
        checkpoint: What was read.

    Attributes:
        condition_dim: Size C of the condition.
        past_actions: Actions that the denoiser makes of the past, before those of a chunk.
        noise_shape: Of the denoiser's start, ``(past_actions + horizon, A)``.
        sampler: ``"DDIM"`` or ``"DDPM"``.
    """

    def __init__(self, checkpoint: LeRobotCheckpoint) -> None:
        self.sampler, steps = self.sampling(checkpoint)
        self.past_actions = checkpoint.settings.n_obs_steps - 1
        changes: dict[str, Any] = {SAMPLER: self.sampler}
        changes |= {"num_inference_steps": steps} if steps else {}
        super().__init__(checkpoint, checkpoint.build(**changes))
        self.metadata |= {"sampler": self.sampler, "steps": steps}
        self.condition_dim = int(self._condition(checkpoint.dry_batch()).shape[1])

    @staticmethod
    def sampling(checkpoint: LeRobotCheckpoint) -> tuple[str, int | None]:
        """Return the sampler and its number of steps: as asked, else the file's made certain."""
        values, address = checkpoint.settings.values, checkpoint.address
        said = values.get(SAMPLER)
        steps = address.steps or values.get("num_inference_steps")
        trained = values.get("num_train_timesteps")
        if not isinstance(trained, int) or (steps or trained) > trained:
            raise CheckpointError(
                f"Denoising steps must be at most num_train_timesteps, {trained}. Got: {steps}."
            )
        if address.sampler is None and said == "DDPM":
            checkpoint.say(
                "it was saved with the sampler DDPM, which draws at every step. DDIM is used, over "
                f"the same schedule in {steps or trained} steps, so that the noise is the only "
                "chance; measure the base policy again. ?sampler=DDPM keeps it, drawing from a "
                "generator that the noise seeds, and steering the noise is then of no use"
            )
            return "DDIM", steps
        return address.sampler or str(said), steps

    def embed(self, batch: Any) -> Tensor:
        """Return the condition. Shape ``(B, C)``."""
        return self._condition(self._seen(batch))

    def _condition(self, seen: dict[str, Tensor]) -> Tensor:
        pictures = self._checkpoint.settings.pictures
        if pictures:
            seen = seen | {OBS_IMAGES: torch.stack([seen[f.name] for f in pictures], dim=-4)}
        if self.n_obs_steps == 1:
            seen = {name: part.unsqueeze(1) for name, part in seen.items()}
        with self._checkpoint.precision():
            condition: Tensor = self._policy.diffusion._prepare_global_conditioning(seen)
        return condition.float()

    def generate(self, condition: Tensor, noise: Tensor) -> Tensor:
        """Return chunks in the environment's units, from now on. Shape ``(B, horizon, A)``."""
        condition, noise = (part.to(self._checkpoint.device) for part in (condition, noise))
        generator = self._generators(noise) if self.sampler == "DDPM" else None
        with self._checkpoint.precision():
            sample = self._policy.diffusion.conditional_sample(
                len(condition), global_cond=condition, noise=noise.clone(), generator=generator
            )
        return self._in_units(sample[:, self.past_actions :])

    def loss(self, condition: Tensor, actions: Tensor) -> Tensor:
        """Return LeRobot's loss of actions, as its ``compute_loss``, from a condition on.

        Args:
            condition: Shape ``(B, C)``; gradients flow through it.
            actions: In the environment's units, the past first. Shape
                ``(B, past_actions + horizon, A)``.
        """
        diffusion = self._policy.diffusion
        scheduler = diffusion.noise_scheduler
        normal = self._normal(actions)
        noise = torch.randn_like(normal)
        most = scheduler.config.num_train_timesteps
        times = torch.randint(0, most, (len(normal),), device=normal.device).long()
        noisy = scheduler.add_noise(normal, noise, times)
        predicted = diffusion.unet(noisy, times, global_cond=condition)
        target = noise if scheduler.config.prediction_type == "epsilon" else normal
        return torch.nn.functional.mse_loss(predicted, target)

    @staticmethod
    def _generators(noise: Tensor) -> Sequence[torch.Generator]:
        """Make a generator per row, seeded by its noise: a row alone draws what it does in any."""
        found = []
        for row in noise.detach().cpu().float().numpy():
            digest = hashlib.sha256(row.tobytes()).digest()
            found.append(torch.Generator().manual_seed(int.from_bytes(digest[:7], "little")))
        return found
