"""A policy is frozen, whatever it is made of and wherever its modules are held."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from stable_baselines3.common.vec_env import DummyVecEnv

from tests.helpers.recording_env import RecordingEnv
from zprl_env import (
    ActionChunkWrapper,
    Encoding,
    LatentSteeringWrapper,
    PolicyMismatchError,
    SteeringVecEnv,
)
from zprl_env.steering.frozen import SELDOM, Frozen, modules_of
from zprl_env.testing import LinearPolicy

NET: Any = None


def network(*extra: torch.nn.Module) -> torch.nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        return torch.nn.Sequential(torch.nn.Linear(3, 2), *extra)


def encoding(net: Any, observations: np.ndarray) -> Encoding:
    with torch.no_grad():
        mean = net(torch.as_tensor(observations)).numpy()
    return Encoding(observations, mean, np.full_like(mean, 0.1))


class Sizes:
    feature_dim, latent_dim, action_dim, horizon, n_action_steps = 3, 2, 2, 4, 2

    def decode(self, latents, noise):
        return np.repeat(latents[:, None], 4, axis=1) + 0.1 * noise


class Itself(Sizes, torch.nn.Module):
    """A policy that is a module."""

    def __init__(self, net: Any) -> None:
        super().__init__()
        self.net = net

    def encode(self, observations):
        return encoding(self.net, observations)


class Holding(Sizes):
    """A policy with a module in an attribute, a container or another object."""

    def __init__(self, net: Any, hold: Callable[[Any], Any], take: Callable[[Any], Any]) -> None:
        self.held, self.take = hold(net), take

    def encode(self, observations):
        return encoding(self.take(self.held), observations)


class Slotted(Sizes):
    __slots__ = ("inner",)

    def __init__(self, net: Any) -> None:
        self.inner = net

    def encode(self, observations):
        return encoding(self.inner, observations)


def closing(net: Any) -> SimpleNamespace:
    sizes = {name: getattr(Sizes, name) for name in Sizes.__dict__ if name.endswith(("dim", "s"))}
    return SimpleNamespace(
        **sizes,
        horizon=4,
        encode=lambda observations: encoding(net, observations),
        decode=Sizes().decode,
    )


class Global(Sizes):
    def encode(self, observations):
        return encoding(NET, observations)


def global_one(net: Any) -> Global:
    global NET
    NET = net
    return Global()


HOMES: dict[str, Callable[[Any], Any]] = {
    "itself": Itself,
    "attribute": lambda net: Holding(net, lambda n: n, lambda h: h),
    "dict": lambda net: Holding(net, lambda n: {"a": [n]}, lambda h: h["a"][0]),
    "object": lambda net: Holding(net, lambda n: SimpleNamespace(m=n), lambda h: h.m),
    "method": lambda net: Holding(net, lambda n: n.forward, lambda h: h),
    "partial": lambda net: Holding(net, lambda n: partial(n), lambda h: h),
    "slots": Slotted,
    "closure": closing,
    "global": global_one,
}


def steered(policy: Any, **options: Any) -> LatentSteeringWrapper:
    return LatentSteeringWrapper(RecordingEnv(), policy, scale=0.5, **options)


@pytest.mark.parametrize("home", HOMES)
def test_a_module_in_training_mode_is_put_into_evaluation_mode(home):
    net = network(torch.nn.Dropout(0.5), torch.nn.BatchNorm1d(2))
    before = copy.deepcopy(net.state_dict())
    env = steered(HOMES[home](net))
    assert not any(module.training for module in net.modules())
    assert not any(parameter.requires_grad for parameter in net.parameters())
    first, again = env.reset(seed=0)[0], env.reset(seed=0)[0]
    np.testing.assert_array_equal(first, again)
    net.train()
    np.testing.assert_array_equal(env.reset(seed=0)[0], first)
    net[1].train()
    np.testing.assert_array_equal(env.reset(seed=0)[0], first)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def optimiser(net: torch.nn.Module) -> None:
    """As torch.optim does it, whose import takes seconds."""
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(torch.ones_like(parameter), alpha=-0.1)


def behind_its_back(net: Any) -> None:
    net[0].weight.data.add_(1.0)


def another(net: Any) -> None:
    net[0].weight = torch.nn.Parameter(torch.zeros(2, 3))


def buffer(net: Any) -> None:
    net[1].running_mean += 1.0


def loaded(net: Any) -> None:
    net.load_state_dict({name: value + 1 for name, value in net.state_dict().items()})


@pytest.mark.parametrize("change", [optimiser, behind_its_back, another, buffer, loaded])
@pytest.mark.parametrize("home", ["itself", "attribute", "closure"])
def test_weights_and_buffers_that_change_are_refused(change, home):
    net = network(torch.nn.BatchNorm1d(2))
    env = steered(HOMES[home](net))
    env.reset(seed=0)
    change(net)
    with pytest.raises(PolicyMismatchError, match=r"must be frozen: its weights and buffers may"):
        env.reset(seed=0)


def test_a_change_in_the_middle_of_an_episode_is_found_at_the_next_decision():
    net = network()
    env = steered(HOMES["attribute"](net))
    env.reset(seed=0)
    env.step(np.zeros(2, np.float32))
    optimiser(net)
    with pytest.raises(PolicyMismatchError, match=r"0\.weight.* of Holding changed since"):
        env.step(np.zeros(2, np.float32))


def test_several_environments_are_watched_likewise():
    net = network()
    makers = [lambda: ActionChunkWrapper(RecordingEnv(truncate_at=2), 2)] * 2
    envs = SteeringVecEnv(DummyVecEnv(makers), HOMES["attribute"](net), scale=0.5)
    envs.reset()
    behind_its_back(net)
    still = np.zeros((2, 2), np.float32)
    with pytest.raises(PolicyMismatchError, match="frozen"):
        [envs.step(still) for _ in range(SELDOM)]  # at each of which both episodes end


def test_weights_written_with_the_same_numbers_have_not_changed():
    net = network()
    env = steered(HOMES["attribute"](net))
    env.reset(seed=0)
    net.load_state_dict(copy.deepcopy(net.state_dict()))
    env.reset(seed=0)
    env.step(np.zeros(2, np.float32))


def test_a_policy_without_torch_that_changes_is_refused_as_an_episode_begins():
    policy = LinearPolicy(3, 2)
    env = steered(policy)
    env.reset(seed=0)
    policy._weights += 1.0
    with pytest.raises(PolicyMismatchError, match=r"frozen.*answered the same question differen"):
        env.reset(seed=1)


class Remembering(LinearPolicy):
    """Adds what it has seen to what it sees."""

    total = 0.0

    def encode(self, observations):
        features, mean, std = super().encode(observations)
        self.total += 0.01
        return Encoding(features, mean + np.float32(self.total), std)


class Drawing(LinearPolicy):
    def decode(self, latents, noise):
        draw = np.random.default_rng().standard_normal(noise.shape).astype(np.float32)
        return super().decode(latents, noise) + draw


class Dropping(Itself):
    """Drops out in evaluation mode too."""

    def encode(self, observations):
        self.net.train()
        return super().encode(observations)


@pytest.mark.parametrize(
    "policy", [Remembering(3, 2), Drawing(3, 2), Dropping(network(torch.nn.Dropout(0.5)))]
)
def test_one_that_answers_the_same_question_differently_is_refused_with_that_word(policy):
    with pytest.raises(PolicyMismatchError, match=r"must be frozen.*the same question differently"):
        steered(policy)


def test_nothing_is_found_where_there_is_nothing():
    assert modules_of(LinearPolicy(3, 2)) == []
    assert modules_of(gym) == []
    policy = LinearPolicy(3, 2)
    Frozen(policy).check_weights()


def test_every_byte_of_large_weights_is_compared_where_that_is_asked_for():
    net = torch.nn.Linear(1000, 100)
    policy: Any = SimpleNamespace(net=net)
    samples, whole = Frozen(policy), Frozen(policy, whole=True)
    net.weight.data[3, 8] += 1.0
    samples.check_weights()
    with pytest.raises(PolicyMismatchError, match="weight of SimpleNamespace changed"):
        whole.check_weights()
