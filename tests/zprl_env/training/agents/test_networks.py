"""Critics computed at once are the critics computed one by one."""

from __future__ import annotations

import math

import gymnasium as gym
import numpy as np
import pytest
import torch
from stable_baselines3.common.torch_layers import FlattenExtractor
from torch import nn

from zprl_env.training.agents.networks import EnsembleCritic, EnsembleLayer, start_at_base_policy

OBSERVATIONS = gym.spaces.Box(-1.0, 1.0, (5,), np.float32)
ACTIONS = gym.spaces.Box(-1.0, 1.0, (3,), np.float32)
N = 3


@pytest.fixture
def critic() -> EnsembleCritic:
    extractor = FlattenExtractor(OBSERVATIONS)
    critic = EnsembleCritic(OBSERVATIONS, ACTIONS, [16, 8], extractor, 5, n_critics=N)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in critic.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return critic


@pytest.fixture
def batch() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(7, 5, generator=generator), torch.randn(7, 3, generator=generator)


def separate(critic: EnsembleCritic, index: int) -> nn.Sequential:
    """One network of an ensemble, built from torch's own layers."""
    layers: list[nn.Module] = []
    for layer in critic.ensemble:
        assert isinstance(layer, EnsembleLayer)
        _, inputs, outputs = layer.weight.shape
        linear = nn.Linear(inputs, outputs)
        linear.load_state_dict({"weight": layer.weight[index].T, "bias": layer.bias[index, 0]})
        layers.append(linear)
        if not layer.last:
            norm = nn.LayerNorm(outputs)
            norm.load_state_dict({"weight": layer.gain[index, 0], "bias": layer.shift[index, 0]})
            layers += [norm, nn.ReLU()]
    return nn.Sequential(*layers)


def test_every_critic_of_the_ensemble_equals_a_network_of_its_own(critic, batch):
    together = critic(*batch)
    assert len(together) == N
    for index, q in enumerate(together):
        torch.testing.assert_close(q, separate(critic, index)(torch.cat(batch, dim=1)))
    torch.testing.assert_close(critic.q1_forward(*batch), together[0])


def test_a_critic_s_loss_moves_that_critic_alone(critic, batch):
    critic(*batch)[1].square().mean().backward()
    for name, parameter in critic.named_parameters():
        assert parameter.grad is not None, name
        moved = [bool(parameter.grad[index].any()) for index in range(N)]
        assert moved == [False, True, False], name


def test_the_action_has_a_gradient_to_learn_from(critic, batch):
    observations, actions = batch
    actions.requires_grad_()
    torch.cat(critic(observations, actions), dim=1).min(dim=1).values.sum().backward()
    assert actions.grad is not None
    assert actions.grad.abs().sum(dim=1).min() > 0


def test_an_actor_s_loss_has_the_gradient_of_networks_of_their_own_and_leaves_the_critic_s_alone(
    critic, batch
):
    observations, actions = batch
    actions.requires_grad_()
    critic(observations, actions)[2].sum().backward()
    alone = actions.detach().clone().requires_grad_()
    separate(critic, 2)(torch.cat([observations, alone], dim=1)).sum().backward()
    torch.testing.assert_close(actions.grad, alone.grad)
    assert all(parameter.grad is None for parameter in critic.parameters())


def test_weights_start_as_torch_s_own_do():
    layer = EnsembleLayer(50, 64, 32)
    bound = 1 / math.sqrt(64)
    for parameter in (layer.weight, layer.bias):
        assert parameter.abs().max() <= bound
        assert parameter.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.1)


def test_an_actor_s_output_starts_at_about_zero():
    output = nn.Linear(64, 4)
    before = output.weight.detach().clone()
    start_at_base_policy(output)
    torch.testing.assert_close(output.weight.detach(), 0.01 * before)
    assert not output.bias.any()


def test_the_actor_is_told_less_the_larger_its_action_is(critic, batch):
    observations, actions = batch
    plain = torch.cat(critic(observations, actions), dim=1)
    critic.pull = 0.5
    asking = actions.clone().requires_grad_()
    told = torch.cat(critic(observations, asking), dim=1)
    penalty = 0.5 * actions.square().mean(dim=1, keepdim=True)
    torch.testing.assert_close(told, plain - penalty)
    torch.testing.assert_close(torch.cat(critic(observations, actions), dim=1), plain)


def test_the_actor_may_be_told_the_mean_and_a_target_some_of_the_critics(critic, batch):
    observations, actions = batch
    plain = torch.cat(critic(observations, actions), dim=1)
    critic.averaged = True
    (told,) = critic(observations, actions.clone().requires_grad_())
    torch.testing.assert_close(told, plain.mean(dim=1, keepdim=True))
    critic.subset = 2
    seen = set()
    for _ in range(40):
        some = torch.cat(critic(observations, actions), dim=1)
        seen.add(tuple(int((plain == column[:, None]).all(dim=0).nonzero()) for column in some.T))
    assert seen == {(a, b) for a in range(N) for b in range(N) if a != b}
