"""The variational information bottleneck between a policy's embedding and its action generator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from policies.model.config import MAX_LOG_VARIANCE, MIN_LOG_VARIANCE
from policies.model.encoders import mlp


class Posterior(NamedTuple):
    """Diagonal Gaussian q(z|c).

    Attributes:
        mean: mu. Shape ``(B, D)``.
        log_variance: log sigma^2. Shape ``(B, D)``.
    """

    mean: Tensor
    log_variance: Tensor

    @property
    def std(self) -> Tensor:
        """Standard deviation sigma. Shape ``(B, D)``."""
        return torch.exp(0.5 * self.log_variance)

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """Reparametrised draw mu + sigma * eps. Shape ``(B, D)``."""
        eps = torch.empty_like(self.mean).normal_(generator=generator)
        return self.mean + self.std * eps


class Bottleneck(nn.Module):
    """Encoder q(z|c) and decoder c^ = dec(z), both MLPs with GELU.

    Args:
        feature_dim: Size of the embedding c, F.
        latent_dim: Size of the latent z, D.
        hidden_dims: Widths of the hidden layers of the encoder and, reversed, of the decoder.
    """

    def __init__(self, feature_dim: int, latent_dim: int, hidden_dims: Sequence[int]) -> None:
        super().__init__()
        self.encoder = mlp(feature_dim, hidden_dims, 2 * latent_dim)
        self.decoder = mlp(latent_dim, tuple(reversed(hidden_dims)), feature_dim)

    def encode(self, features: Tensor) -> Posterior:
        """Posterior over the latent given the embedding. Shape ``(B, F)`` to two ``(B, D)``."""
        mean, log_variance = self.encoder(features).chunk(2, dim=-1)
        return Posterior(mean, log_variance.clamp(MIN_LOG_VARIANCE, MAX_LOG_VARIANCE))

    def decode(self, latents: Tensor) -> Tensor:
        """Condition c^ for the action generator. Shape ``(B, D)`` to ``(B, F)``."""
        condition: Tensor = self.decoder(latents)
        return condition


def kl_to_standard_normal(posterior: Posterior) -> Tensor:
    """Compute KL(q(z|c) || N(0, I)), averaged over the batch and over the latent dimensions.

    The mean over dimensions is the convention that beta is relative to; the sum is D times larger.

    Example:
        >>> kl_to_standard_normal(Posterior(torch.ones(4, 3), torch.zeros(4, 3))).item()
        0.5
    """
    mean, log_variance = posterior
    return 0.5 * (mean.square() + log_variance.exp() - 1.0 - log_variance).mean()
