"""The joint model: encoder, bottleneck and flow head, and the loss that trains them together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from policies.bottleneck import Bottleneck, Posterior, kl_to_standard_normal
from policies.encoders import StateEncoder
from policies.errors import ConfigurationError
from policies.flow import Velocity, euler, flow_matching_loss
from policies.heads import FilmMlpHead
from policies.normalizer import Normalizer
from policies.unet import UnetHead

HEADS = ("mlp", "unet")


@dataclass(frozen=True)
class VibFlowConfig:
    """Architecture of a VIB flow policy; validated where it is made.

    Attributes:
        observation_dim: Size of a flat observation, O.
        action_dim: Size of an action, A.
        horizon: Length of an action chunk, H.
        n_action_steps: How many actions of a chunk run before the next decision.
        latent_dim: Size of the latent z, D.
        feature_dim: Size of the embedding c, F.
        n_euler_steps: Euler steps from noise to chunk, K.
        encoder_hidden_dims: Hidden widths of the observation encoder.
        bottleneck_hidden_dims: Hidden widths of the bottleneck's encoder and decoder.
        head: ``"mlp"`` (residual FiLM MLP) or ``"unet"`` (conditional 1-D U-Net).
        hidden_dim: Width of the MLP head.
        n_blocks: FiLM blocks of the MLP head.
        embedding_dim: Joint embedding of flow time and condition in the MLP head.
        unet_channels: Channels per resolution of the U-Net head.

    Raises:
        ConfigurationError: If a size is impossible.
    """

    observation_dim: int
    action_dim: int
    horizon: int = 16
    n_action_steps: int = 8
    latent_dim: int = 8
    feature_dim: int = 64
    n_euler_steps: int = 5
    encoder_hidden_dims: tuple[int, ...] = (128, 128)
    bottleneck_hidden_dims: tuple[int, ...] = (256, 256, 256)
    head: str = "mlp"
    hidden_dim: int = 128
    n_blocks: int = 2
    embedding_dim: int = 64
    unet_channels: tuple[int, ...] = (128, 256, 512)

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "head":
                continue
            sizes = value if isinstance(value, tuple) else (value,)
            if not all(type(size) is int and size > 0 for size in sizes):
                raise ConfigurationError(f"{field.name} must be positive integers. Got: {value!r}.")
        if self.head not in HEADS:
            raise ConfigurationError(f"head must be one of {HEADS}. Got: {self.head!r}.")
        if self.n_action_steps > self.horizon:
            raise ConfigurationError(
                f"n_action_steps must be at most the horizon {self.horizon}. "
                f"Got: {self.n_action_steps}. Shorten it or train with a longer horizon."
            )
        if self.embedding_dim % 2:
            raise ConfigurationError(f"embedding_dim must be even. Got: {self.embedding_dim}.")
        if self.head == "unet":
            self._check_unet()

    def _check_unet(self) -> None:
        if not self.unet_channels or any(channels % 8 for channels in self.unet_channels):
            raise ConfigurationError(
                f"unet_channels must be multiples of 8. Got: {self.unet_channels}."
            )
        stride = 2 ** (len(self.unet_channels) - 1)
        if self.horizon % stride:
            raise ConfigurationError(
                f"horizon must be divisible by {stride} for a U-Net of {len(self.unet_channels)} "
                f"resolutions. Got: {self.horizon}. Try {-(-self.horizon // stride) * stride}."
            )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> VibFlowConfig:
        """Rebuild a configuration from JSON values (lists become tuples).

        Raises:
            ConfigurationError: If a name is unknown or missing, or a value impossible.
        """
        names = {field.name for field in fields(cls)}
        if set(values) != names:
            raise ConfigurationError(
                f"a model configuration must have exactly the entries {sorted(names)}. "
                f"Got: {sorted(values)}."
            )
        sizes: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in values.items()
        }
        return cls(**sizes)


class VibLoss(NamedTuple):
    """The bottleneck's three terms, unweighted: FM(dec(z)), KL, and MSE(dec(z), sg[c])."""

    flow: Tensor
    kl: Tensor
    reconstruction: Tensor


class VibFlowLoss(NamedTuple):
    """The joint loss and its terms; ``total`` is the only one to differentiate."""

    total: Tensor
    flow: Tensor
    vib: VibLoss


def vib_loss(
    bottleneck: Bottleneck,
    head: nn.Module,
    features: Tensor,
    actions: Tensor,
    generator: torch.Generator | None = None,
) -> VibLoss:
    """The terms that fit a bottleneck, leaving encoder and head without gradient.

    Args:
        bottleneck: The only module that learns from this.
        head: Velocity network; its weights are detached here.
        features: Embeddings c; detached here. Shape ``(B, F)``.
        actions: Normalised action chunks. Shape ``(B, H, A)``.
        generator: Source of randomness; torch's default one if None.
    """
    features = features.detach()
    posterior = bottleneck.encode(features)
    condition = bottleneck.decode(posterior.sample(generator))
    return VibLoss(
        flow=flow_matching_loss(_detached(head), actions, condition, generator),
        kl=kl_to_standard_normal(posterior),
        reconstruction=functional.mse_loss(condition, features),
    )


def _detached(head: nn.Module) -> Velocity:
    """The head as a function of its inputs alone: gradients pass through it, none reach it."""
    weights = {name: weight.detach() for name, weight in head.named_parameters()}

    def velocity(x_t: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        out: Tensor = functional_call(head, weights, (x_t, t, condition))
        return out

    return velocity


class VibFlow(nn.Module):
    """Flow policy with a bottleneck in its condition; raw units in, raw units out.

    Args:
        config: Sizes and kind of head.

    Example:
        >>> model = VibFlow(VibFlowConfig(observation_dim=3, action_dim=2, horizon=4,
        ...                               n_action_steps=2))
        >>> features, posterior = model.encode(torch.zeros(5, 3))
        >>> model.decode(posterior.mean, torch.zeros(5, 4, 2)).shape
        torch.Size([5, 4, 2])
    """

    def __init__(self, config: VibFlowConfig) -> None:
        super().__init__()
        self.config = config
        self.normalizer = Normalizer(config.observation_dim, config.action_dim)
        self.encoder = StateEncoder(
            config.observation_dim, config.encoder_hidden_dims, config.feature_dim
        )
        self.bottleneck = Bottleneck(
            config.feature_dim, config.latent_dim, config.bottleneck_hidden_dims
        )
        self.head: nn.Module
        if config.head == "unet":
            self.head = UnetHead(config.action_dim, config.feature_dim, config.unet_channels)
        else:
            self.head = FilmMlpHead(
                config.horizon,
                config.action_dim,
                config.feature_dim,
                config.hidden_dim,
                config.n_blocks,
                config.embedding_dim,
            )

    def encode(self, observations: Tensor) -> tuple[Tensor, Posterior]:
        """Embedding c, shape ``(B, F)``, and q(z|c) of observations of shape ``(B, O)``."""
        features = self.encoder(self.normalizer.observations(observations))
        return features, self.bottleneck.encode(features)

    def decode(self, latents: Tensor, noise: Tensor) -> Tensor:
        """Action chunks in the environment's units, not clipped.

        Args:
            latents: z. Shape ``(B, D)``.
            noise: x_0. Shape ``(B, H, A)``.

        Returns:
            Shape ``(B, H, A)``.
        """
        return self.generate(self.bottleneck.decode(latents), noise)

    def generate(self, condition: Tensor, noise: Tensor) -> Tensor:
        """Like :meth:`decode` but from the condition itself, c or c^. Shape ``(B, F)``."""
        chunk = euler(self.head, noise, condition, self.config.n_euler_steps)
        return self.normalizer.restore_actions(chunk)

    def loss(
        self,
        observations: Tensor,
        actions: Tensor,
        *,
        beta: float,
        reconstruction_weight: float,
        generator: torch.Generator | None = None,
    ) -> VibFlowLoss:
        """FM(c) + FM(dec(z)) + beta KL + w_rec MSE(dec(z), sg[c]).

        Args:
            observations: Shape ``(B, O)``, raw.
            actions: Chunks, raw. Shape ``(B, H, A)``.
            beta: Weight of the KL, which is averaged over batch and latent dimensions.
            reconstruction_weight: w_rec.
            generator: Source of randomness; torch's default one if None.
        """
        features = self.encoder(self.normalizer.observations(observations))
        actions = self.normalizer.actions(actions)
        flow = flow_matching_loss(self.head, actions, features, generator)
        vib = vib_loss(self.bottleneck, self.head, features, actions, generator)
        total = flow + vib.flow + beta * vib.kl + reconstruction_weight * vib.reconstruction
        return VibFlowLoss(total, flow, vib)
