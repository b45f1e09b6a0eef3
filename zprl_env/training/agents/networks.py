"""Critics, optimiser and first weights that Stable-Baselines3's own networks do not have."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
from gymnasium import spaces
from stable_baselines3.common.policies import BaseModel, ContinuousCritic
from stable_baselines3.common.preprocessing import get_action_dim
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import Tensor, nn
from torch.nn import functional


class EnsembleLayer(nn.Module):
    """One linear layer of N networks, with layer normalisation and activation unless it is last.

    All networks are computed by one batched product: on a CPU, small networks cost what their
    operations cost to launch, so N critics take hardly longer than one.
    """

    def __init__(
        self,
        size: int,
        inputs: int,
        outputs: int,
        *,
        last: bool = False,
        activation: Callable[[Tensor], Tensor] = functional.relu,
    ) -> None:
        """Draw the weights of ``size`` networks as ``nn.Linear`` draws them."""
        super().__init__()
        self.activation = activation
        bound = 1.0 / math.sqrt(inputs)
        self.weight = nn.Parameter(torch.empty(size, inputs, outputs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(size, 1, outputs).uniform_(-bound, bound))
        self.last = last
        if not last:
            self.gain = nn.Parameter(torch.ones(size, 1, outputs))
            self.shift = nn.Parameter(torch.zeros(size, 1, outputs))

    def forward(self, x: Tensor, *, constant: bool = False) -> Tensor:
        """Map ``(N, B, inputs)`` to ``(N, B, outputs)``; if constant, for gradients of x alone."""
        given = (lambda one: one.detach()) if constant else (lambda one: one)
        x = torch.baddbmm(given(self.bias), x, given(self.weight))
        if self.last:
            return x
        normal = functional.layer_norm(x, x.shape[-1:])
        return self.activation(torch.addcmul(given(self.shift), normal, given(self.gain)))


class EnsembleCritic(ContinuousCritic):
    """Critics with layer normalisation, which keeps Q bounded where the data is thin.

    It has the interface of Stable-Baselines3's critic, with all networks in one batched product.
    Whoever asks with actions that carry gradients, an actor's loss, gets them for the actions and
    not for the weights: Stable-Baselines3 computes those too, and throws them away.
    """

    def __init__(
        self,
        observation_space: spaces.Space,
        action_space: spaces.Box,
        net_arch: list[int],
        features_extractor: BaseFeaturesExtractor,
        features_dim: int,
        activation_fn: type[nn.Module] = nn.ReLU,
        normalize_images: bool = True,
        n_critics: int = 2,
        share_features_extractor: bool = True,
        *,
        squash: bool = False,
        pull: float = 0.0,
        averaged: bool = False,
    ) -> None:
        """Take Stable-Baselines3's arguments; the activation is ReLU unless it is tanh.

        With ``squash`` Q is between 0 and 1, as the return of a reward of 1 on success is. Two
        options change what the actor's loss is told, which asks with actions that carry gradients:
        with ``pull`` it is Q less that many times the mean squared action, and with ``averaged``
        the mean of all critics in place of each.
        """
        BaseModel.__init__(
            self,
            observation_space,
            action_space,
            features_extractor=features_extractor,
            normalize_images=normalize_images,
        )
        self.share_features_extractor = share_features_extractor
        self.n_critics = n_critics
        self.squash, self.pull, self.averaged = squash, pull, averaged
        self.subset = 0
        """Critics that answer, drawn anew each time; 0 is all of them. For a target's."""
        sizes = [features_dim + get_action_dim(action_space), *net_arch]
        function = torch.tanh if activation_fn is nn.Tanh else functional.relu
        layers = [EnsembleLayer(n_critics, a, b, activation=function) for a, b in pairwise(sizes)]
        self.ensemble = nn.Sequential(*layers, EnsembleLayer(n_critics, sizes[-1], 1, last=True))

    def forward(self, obs: Tensor, actions: Tensor) -> tuple[Tensor, ...]:
        """Return Q of every critic, or of those that are asked, each of shape ``(B, 1)``."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.share_features_extractor):
            features = self.extract_features(obs, self.features_extractor)
        joined = torch.cat([features, actions], dim=1)
        values = joined.expand(self.n_critics, *joined.shape)
        for layer in self.ensemble:
            values = layer(values, constant=actions.requires_grad)
        if self.squash:
            values = torch.sigmoid(values)
        if self.subset:
            values = values[torch.randperm(self.n_critics)[: self.subset]]
        if actions.requires_grad:
            if self.averaged:
                values = values.mean(dim=0, keepdim=True)
            if self.pull:
                values = values - self.pull * actions.square().mean(dim=1, keepdim=True)
        return tuple(values.unbind(0))

    def q1_forward(self, obs: Tensor, actions: Tensor) -> Tensor:
        """Return Q of the first critic. Shape ``(B, 1)``."""
        return self.forward(obs, actions)[0]


class ClippedAdam(torch.optim.Adam):
    """Adam that scales a gradient down to a norm before it steps.

    Stable-Baselines3's off-policy algorithms clip nothing themselves, but take any optimiser.
    """

    def __init__(self, params: Any, *, max_grad_norm: float, **options: Any) -> None:
        """Add to Adam's arguments the largest norm of all its parameters' gradient together."""
        super().__init__(params, **options)
        self.max_grad_norm = max_grad_norm

    def step(self, closure: Any = None) -> Any:
        """Clip and take a step."""
        for group in self.param_groups:
            nn.utils.clip_grad_norm_(group["params"], self.max_grad_norm)
        return super().step(closure)


@torch.no_grad()
def start_at_base_policy(output: nn.Linear, factor: float = 0.01) -> None:
    """Shrink an actor's output layer, so that its mean action starts at about zero.

    Args:
        output: Last linear layer of the actor's mean.
        factor: What the weights are multiplied by; the bias becomes zero.
    """
    output.weight.mul_(factor)
    output.bias.zero_()
