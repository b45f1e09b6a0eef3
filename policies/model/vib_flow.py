"""The joint model: encoder, bottleneck and flow head, and the loss that trains them together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from policies.model.bottleneck import Bottleneck, Posterior, kl_to_standard_normal
from policies.model.config import VibFlowConfig
from policies.model.encoders import StateEncoder
from policies.model.eyes import Backbone, PictureEncoder
from policies.model.flow import Velocity, flow_matching_loss
from policies.model.heads import FilmMlpHead, Head
from policies.model.normalizer import Normalizer
from policies.model.unet import UnetHead
from policies.pictures.settings import STATE

Observations = Tensor | Mapping[str, Tensor]
"""A batch of flat states, or of frames by camera's name with proprioception under ``"state"``."""


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
    *,
    stop_gradients: bool = True,
) -> VibLoss:
    """Compute the terms that fit a bottleneck, leaving encoder and head without gradient.

    Args:
        bottleneck: The only module that learns from this.
        head: Velocity network; its weights are detached here.
        features: Embeddings c; detached here. Shape ``(B, F)``.
        actions: Normalised action chunks. Shape ``(B, H, A)``.
        generator: Source of randomness; torch's default one if None.
        stop_gradients: ``False`` detaches neither weights nor embeddings, so that encoder and head
            learn from these terms as well; what is reconstructed stays detached.
    """
    fixed = features.detach()
    posterior = bottleneck.encode(fixed if stop_gradients else features)
    condition = bottleneck.decode(posterior.sample(generator))
    velocity = _detached(head) if stop_gradients else head
    return VibLoss(
        flow=flow_matching_loss(velocity, actions, condition, generator),
        kl=kl_to_standard_normal(posterior),
        reconstruction=functional.mse_loss(condition, fixed),
    )


def _detached(head: nn.Module) -> Velocity:
    """Return the head as a function of its inputs alone: gradients pass through, none reach it."""
    weights = {name: weight.detach() for name, weight in head.named_parameters()}

    def velocity(x_t: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        out: Tensor = functional_call(head, weights, (x_t, t, condition))
        return out

    return velocity


class VibFlow(nn.Module):
    """Flow policy with a bottleneck in its condition; raw units in, raw units out.

    Args:
        config: Sizes, kind of head, and cameras if it sees.
        backbone: Makes the pretrained network of cameras' frames, if the sizes name one.

    Example:
        >>> model = VibFlow(VibFlowConfig(observation_dim=3, action_dim=2, horizon=4,
        ...                               n_action_steps=2))
        >>> features, posterior = model.encode(torch.zeros(5, 3))
        >>> model.decode(posterior.mean, torch.zeros(5, 4, 2)).shape
        torch.Size([5, 4, 2])
    """

    def __init__(self, config: VibFlowConfig, backbone: Backbone | None = None) -> None:
        super().__init__()
        self.config = config
        self.normalizer = Normalizer(config.observation_dim, config.action_dim)
        self.encoder: nn.Module
        if config.pictures is not None:
            self.encoder = PictureEncoder(config, backbone)
        else:
            self.encoder = StateEncoder(
                config.observation_dim, config.encoder_hidden_dims, config.feature_dim
            )
        self.bottleneck = Bottleneck(
            config.feature_dim, config.latent_dim, config.bottleneck_hidden_dims
        )
        self.head: Head
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

    def embed(self, observations: Observations) -> Tensor:
        """Embedding c of raw observations. Shape ``(B, F)``.

        Args:
            observations: Shape ``(B, O)``; or, of a policy that sees, a camera's frames by its
                name, uint8 of shape ``(B, H, W, 3)`` or already cropped, and ``"state"``,
                proprioception of shape ``(B, O)``, unless it has none.
        """
        if isinstance(observations, Tensor):
            features: Tensor = self.encoder(self.normalizer.observations(observations))
            return features
        state = observations.get(STATE)
        if state is None:
            rows = next(iter(observations.values())).shape[0]
            state = self.normalizer.observation_mean.expand(rows, 0)
        features = self.encoder(self.normalizer.observations(state), observations)
        return features

    def encode(self, observations: Observations) -> tuple[Tensor, Posterior]:
        """Embedding c, shape ``(B, F)``, and q(z|c) of raw observations; see :meth:`embed`."""
        features = self.embed(observations)
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
        chunks = self.head.sample(noise, condition, self.config.n_euler_steps)
        return self.normalizer.restore_actions(chunks)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the tensors by name as numpy arrays: sharing memory, without gradients."""
        return {name: tensor.numpy() for name, tensor in self.state_dict().items()}

    def loss(
        self,
        observations: Observations,
        actions: Tensor,
        *,
        beta: float,
        reconstruction_weight: float,
        stop_gradients: bool = True,
        generator: torch.Generator | None = None,
        draws: int = 1,
    ) -> VibFlowLoss:
        """FM(c) + FM(dec(z)) + beta KL + w_rec MSE(dec(z), sg[c]).

        Encoder and head learn from FM(c) alone, the bottleneck from the other terms.

        Args:
            observations: Raw; see :meth:`embed`.
            actions: Chunks, raw. Shape ``(B, H, A)``.
            beta: Weight of the KL, which is averaged over batch and latent dimensions.
            reconstruction_weight: w_rec.
            stop_gradients: ``False`` lets encoder and head learn from all terms; see
                :func:`vib_loss`.
            generator: Source of randomness; torch's default one if None.
            draws: Draws of noise and time for each observation, where to embed it costs more.
        """
        features = self.embed(observations)
        actions = self.normalizer.actions(actions)
        if draws > 1:
            features = features.repeat_interleave(draws, dim=0)
            actions = actions.repeat_interleave(draws, dim=0)
        flow = flow_matching_loss(self.head, actions, features, generator)
        vib = vib_loss(
            self.bottleneck,
            self.head,
            features,
            actions,
            generator,
            stop_gradients=stop_gradients,
        )
        total = flow + vib.flow + beta * vib.kl + reconstruction_weight * vib.reconstruction
        return VibFlowLoss(total, flow, vib)
