"""The network of a judge: states, frames by the policies' own encoders, or both, to a logit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from policies.model.config import VibFlowConfig
from policies.model.encoders import mlp
from policies.model.eyes import PictureEncoder
from policies.pictures.config import EyesConfig
from real.judge.eyes import embedding

HIDDEN = (64, 64)
"""Layers over states, or over what is seen and states."""
LEAST_SPREAD = 1e-3
"""Least deviation that a number of the state is divided by."""


class JudgeNetwork(nn.Module):
    """Probability of success from what is observed at one step, as a logit.

    Args:
        state_dim: Size of the state, S; may be 0 with eyes.
        eyes: Cameras and their network, None without.
        frozen: Whether that network is a policy's, and stays as it is; otherwise it learns.

    Attributes:
        encoder: What the eyes' frames go through.
    """

    mean: Tensor
    std: Tensor
    seen_mean: Tensor
    seen_std: Tensor

    def __init__(
        self, state_dim: int, eyes: EyesConfig | None = None, frozen: bool = False
    ) -> None:
        super().__init__()
        self.state_dim, self.eyes, self.frozen = state_dim, eyes, frozen and eyes is not None
        self.register_buffer("mean", torch.zeros(state_dim))
        self.register_buffer("std", torch.ones(state_dim))
        self.encoder: PictureEncoder | None = None
        inputs = state_dim
        if eyes is not None:
            # The policies' encoder, of which nothing but its sizes is a policy's.
            seen = len(eyes.cameras) * eyes.embedding_dim
            hidden = () if self.frozen else HIDDEN[:1]
            sizes = VibFlowConfig(
                observation_dim=state_dim,
                action_dim=1,
                pictures=eyes,
                feature_dim=(seen if self.frozen else HIDDEN[0]) + state_dim,
                encoder_hidden_dims=hidden,
            )
            self.encoder, inputs = PictureEncoder(sizes), sizes.feature_dim
            if self.frozen:
                self.encoder.requires_grad_(False)
                self.register_buffer("seen_mean", torch.zeros(seen))
                self.register_buffer("seen_std", torch.ones(seen))
        self.head = mlp(inputs, HIDDEN, 1)

    def fit_units(self, states: np.ndarray, seen: np.ndarray | None = None) -> None:
        """Set the units of the states, and of what frozen eyes see, from data.

        Args:
            states: Shape ``(N, S)``.
            seen: Shape ``(N, E)``.
        """
        units = [(self.mean, self.std, states)]
        if seen is not None:
            units.append((self.seen_mean, self.seen_std, seen))
        for mean, std, values in units:
            spread = np.maximum(values.std(axis=0), LEAST_SPREAD)
            mean.copy_(torch.from_numpy(values.mean(axis=0).astype(np.float32)))
            std.copy_(torch.from_numpy(spread.astype(np.float32)))

    def forward(
        self, states: Tensor, frames: Mapping[str, Tensor], seen: Tensor | None = None
    ) -> Tensor:
        """Logits of success.

        Args:
            states: Shape ``(B, S)``.
            frames: Of each camera, uint8. Shape ``(B, H, W, 3)``, or as cropped.
            seen: What frozen eyes made of them, if that is known. Shape ``(B, E)``.

        Returns:
            Shape ``(B,)``.
        """
        known = (states - self.mean) / self.std
        if self.encoder is not None and self.eyes is not None:
            if self.frozen:
                seen = embedding(self.encoder, self.eyes, frames) if seen is None else seen
                known = torch.cat([(seen - self.seen_mean) / self.seen_std, known], dim=-1)
            else:
                known = self.encoder(known, frames)
        logits: Tensor = self.head(known)
        return logits[:, 0]
