"""Generator of a LeRobot ACT policy: the latent of its own, zero at inference, and its tokens."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from policies.errors import CheckpointError
from policies.foreign.lerobot.base import LeRobotGenerator
from policies.foreign.lerobot.checkpoint import LeRobotCheckpoint
from policies.foreign.lerobot.features import ENVIRONMENT, OBS_ENVIRONMENT, OBS_STATE, STATE


class ActCondition(NamedTuple):
    """Condition that ACT generates from, beside its latent.

    Attributes:
        summary: For an agent: the normalised states, and of each camera the mean of its tokens.
            Shape ``(B, C)``.
        tokens: Of states and pictures. Shape ``(B, S, W)``.
    """

    summary: Tensor
    tokens: Tensor


class ActGenerator(LeRobotGenerator):
    """LeRobot's ACT, opened at the latent of its variational training.

    At inference ACT sets that latent to zeros, so that zeros are the base policy. It enters the
    encoder as a token beside those of the observation. There is no noise.

    Args:
        checkpoint: What was read.

    Attributes:
        condition_dim: Size C of the summary.
        latent_dim: Size D of the latent.

    Raises:
        CheckpointError: It was trained without the variational part, or ensembles over time.
    """

    def __init__(self, checkpoint: LeRobotCheckpoint) -> None:
        settings, values = checkpoint.settings, checkpoint.settings.values
        latent = values.get("latent_dim")
        if values.get("use_vae") is not True or not isinstance(latent, int):
            raise CheckpointError(
                f"{settings.path} must be of an ACT with use_vae, whose latent is steered. "
                f"Got: use_vae {values.get('use_vae')!r}: its latent token never saw anything but "
                "zeros. Steer its actions, or train it with use_vae."
            )
        if values.get("temporal_ensemble_coeff") is not None:
            self._without_ensembling(checkpoint)
        super().__init__(checkpoint, checkpoint.build(temporal_ensemble_coeff=None))
        self.latent_dim = latent
        seen = checkpoint.dry_batch()
        self._places = self._positions(seen)
        self.condition_dim = int(self._observed(seen).summary.shape[1])

    @staticmethod
    def _without_ensembling(checkpoint: LeRobotCheckpoint) -> None:
        if checkpoint.address.ensembling != "off":
            raise CheckpointError(
                f"{checkpoint.settings.path} must be of a policy that executes its chunks. "
                "Got: temporal_ensemble_coeff, an average over decisions at every step, which a "
                "steered chunk has no part in. Add ?ensembling=off to its address, and choose "
                "n_action_steps: it is another base policy then, so measure it first."
            )
        checkpoint.say("temporal ensembling is off: this is another base policy than was saved")

    def embed(self, batch: Any) -> ActCondition:
        """Return tokens, and their summary."""
        return self._observed(self._seen(batch))

    def summarize(self, condition: ActCondition) -> Tensor:
        """Return what an agent is shown. Shape ``(B, C)``."""
        return condition.summary

    def generate(
        self, condition: ActCondition, noise: Tensor, latents: Tensor | None = None
    ) -> Tensor:
        """Return chunks in the environment's units.

        Args:
            condition: As :meth:`embed` gave it.
            noise: Not used.
            latents: Shape ``(B, latent_dim)``; zeros, the base policy, if not given.

        Returns:
            Shape ``(B, horizon, A)``.
        """
        return self._in_units(self._decoded(condition, latents))

    def loss(
        self, condition: ActCondition, actions: Tensor, latents: Tensor | None = None
    ) -> Tensor:
        """Return LeRobot's loss of actions, the mean absolute error without the latent's KL."""
        decoded = self._decoded(condition, latents)
        return torch.nn.functional.l1_loss(decoded, self._normal(actions))

    def _observed(self, seen: dict[str, Tensor]) -> ActCondition:
        settings, model = self._checkpoint.settings, self._policy.model
        summary = [seen[feature.name] for feature in settings.states]
        kinds, tokens = {feature.kind for feature in settings.states}, []
        with self._checkpoint.precision():
            if STATE in kinds:
                tokens.append(model.encoder_robot_state_input_proj(seen[OBS_STATE]).unsqueeze(1))
            if ENVIRONMENT in kinds:
                projected = model.encoder_env_state_input_proj(seen[OBS_ENVIRONMENT])
                tokens.append(projected.unsqueeze(1))
            for feature in settings.pictures:
                maps = model.backbone(seen[feature.name])["feature_map"]
                maps = model.encoder_img_feat_input_proj(maps)
                tokens.append(maps.flatten(2).transpose(1, 2))
                summary.append(tokens[-1].mean(1))
        return ActCondition(torch.cat(summary, 1).float(), torch.cat(tokens, 1))

    def _positions(self, seen: dict[str, Tensor]) -> Tensor:
        """Return the positions of all tokens, which follow from the sizes. Shape ``(S, 1, W)``."""
        model = self._policy.model
        places = [model.encoder_1d_feature_pos_embed.weight.unsqueeze(1)]
        for feature in self._checkpoint.settings.pictures:
            maps = model.backbone(seen[feature.name])["feature_map"]
            place = model.encoder_cam_feat_pos_embed(maps).to(dtype=maps.dtype)
            places.append(place[:1].flatten(2).permute(2, 0, 1))
        return torch.cat(places)

    def _decoded(self, condition: ActCondition, latents: Tensor | None) -> Tensor:
        """Return normalised chunks. Shape ``(B, horizon, A)``."""
        model, places, tokens = self._policy.model, self._places, condition.tokens
        if latents is None:
            latents = tokens.new_zeros(len(tokens), self.latent_dim, dtype=torch.float32)
        with self._checkpoint.precision():
            first = model.encoder_latent_input_proj(latents.to(tokens.device)).unsqueeze(0)
            inside = torch.cat([first, tokens.transpose(0, 1).to(first.dtype)])
            encoded = model.encoder(inside, pos_embed=places)
            queries = places.new_zeros(self.horizon, len(tokens), encoded.shape[2])
            decoded = model.decoder(
                queries,
                encoded,
                encoder_pos_embed=places,
                decoder_pos_embed=model.decoder_pos_embed.weight.unsqueeze(1),
            )
            actions: Tensor = model.action_head(decoded.transpose(0, 1))
        return actions
