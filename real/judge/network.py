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

HIDDEN = (64, 64)
"""Layers over states, or over what is seen and states."""
LEAST_SPREAD = 1e-3
"""Least deviation that a number of the state is divided by."""


class JudgeNetwork(nn.Module):
    """Probability of success from what is observed at one step, as a logit.

    Args:
        state_dim: Size of the state, S; may be 0 with eyes.
        eyes: Cameras and their network, None without.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, state_dim: int, eyes: EyesConfig | None = None) -> None:
        super().__init__()
        self.state_dim, self.eyes = state_dim, eyes
        self.register_buffer("mean", torch.zeros(state_dim))
        self.register_buffer("std", torch.ones(state_dim))
        self.encoder: PictureEncoder | None = None
        inputs = state_dim
        if eyes is not None:
            # The policies' encoder, of which nothing but its sizes is a policy's.
            sizes = VibFlowConfig(
                observation_dim=state_dim,
                action_dim=1,
                pictures=eyes,
                feature_dim=HIDDEN[0] + state_dim,
                encoder_hidden_dims=HIDDEN[:1],
            )
            self.encoder, inputs = PictureEncoder(sizes), sizes.feature_dim
        self.head = mlp(inputs, HIDDEN, 1)

    def fit_states(self, states: np.ndarray) -> None:
        """Set the units of the states from data. Shape ``(N, S)``."""
        spread = np.maximum(states.std(axis=0), LEAST_SPREAD)
        self.mean.copy_(torch.from_numpy(states.mean(axis=0).astype(np.float32)))
        self.std.copy_(torch.from_numpy(spread.astype(np.float32)))

    def forward(self, states: Tensor, frames: Mapping[str, Tensor]) -> Tensor:
        """Logits of success.

        Args:
            states: Shape ``(B, S)``.
            frames: Of each camera, uint8. Shape ``(B, H, W, 3)``, or as cropped.

        Returns:
            Shape ``(B,)``.
        """
        seen = (states - self.mean) / self.std
        if self.encoder is not None:
            seen = self.encoder(seen, frames)
        logits: Tensor = self.head(seen)
        return logits[:, 0]
