"""A generator from elsewhere becomes a policy that is the generator to the bit."""

from __future__ import annotations

import gc
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from stable_baselines3.common.vec_env import DummyVecEnv
from torch import nn

from policies.encoding import context_of, encode_alone
from policies.errors import PolicyMismatchError
from policies.foreign import ForeignPolicy
from policies.foreign.testing import LineGenerator
from policies.seats import Seats
from zprl_env import (
    ActionChunkWrapper,
    LatentSteeringWrapper,
    NoiseSteeringWrapper,
    SteeringVecEnv,
)
from zprl_env.envs.observation.time_left import TimeLeftPolicy
from zprl_env.testing import Reach, check_policy


class Tokens(LineGenerator):
    """Its condition is tokens, of which the agent sees a summary; it has a latent of its own."""

    latent_dim = 3

    def embed(self, batch):
        return {"tokens": batch[:, :, None] * torch.arange(1.0, 4.0)}

    def summarize(self, condition):
        return condition["tokens"].mean(2)

    def generate(self, condition, noise, *latent):
        chunks = super().generate(condition["tokens"][:, :, 0], noise)
        return chunks + sum(part.sum(1)[:, None, None] for part in latent)


class Prefix(Tokens):
    """Without a latent of its own: its noise alone can be steered."""

    latent_dim = 0


class Padded(LineGenerator):
    """Its noise has a row for a step that is past, and a number that pads its actions."""

    @property
    def noise_shape(self):
        return (self.horizon + 1, self.action_dim + 1)

    def generate(self, condition, noise):
        return super().generate(condition, noise[:, 1:, :-1])


def reach():
    return gym.wrappers.TimeLimit(Reach(), 20)


@pytest.mark.parametrize("kind", [LineGenerator, Tokens, Prefix, Padded])
def test_every_kind_passes_the_whole_check(kind):
    assert check_policy(ForeignPolicy(kind(2, 2)), reach()) == []


@pytest.mark.parametrize("kind", [LineGenerator, Tokens, Prefix, Padded])
def test_at_zero_action_a_roll_out_is_the_generator_s_to_the_bit(kind):
    generator = kind(2, 2)
    policy = ForeignPolicy(generator)
    steered = NoiseSteeringWrapper(reach(), policy, noise="fixed:3")
    bare = ActionChunkWrapper(reach(), generator.n_action_steps)
    noise = torch.from_numpy(steered.steering.start)[None]
    (seen, _), _ = bare.reset(seed=7), steered.reset(seed=7)
    for _ in range(5):
        with torch.inference_mode():
            condition = generator.embed(torch.from_numpy(seen)[None])
            own = (torch.zeros(1, 3),) if kind is Tokens else ()
            chunk = generator.generate(condition, noise, *own)[0, : generator.n_action_steps]
        seen, reward, *_ = bare.step(chunk.numpy())
        _, got, *_ = steered.step(0.0 * steered.action_space.sample())
        assert got == reward
        np.testing.assert_array_equal(*(env.get_wrapper_attr("_way") for env in (steered, bare)))


def test_noise_is_copied_and_a_base_call_is_made_once_per_decision():
    class Sampler(LineGenerator):
        calls = 0

        def generate(self, condition, noise):
            self.calls += 1
            noise *= 0.5
            return super().generate(condition, noise)

    generator = Sampler(2, 2)
    env = NoiseSteeringWrapper(reach(), ForeignPolicy(generator), noise="fixed:3")
    env.reset(seed=0)
    start, before = env.steering.start.copy(), generator.calls
    for _ in range(3):
        env.step(env.action_space.sample())
    assert generator.calls == before + 3
    np.testing.assert_array_equal(env.steering.start, start)


def test_a_latent_of_its_own_is_steered_about_zero():
    policy = ForeignPolicy(Tokens(2, 2))
    assert (policy.feature_dim, policy.latent_dim) == (2, 3)
    encoding = policy.encode(np.ones((4, 2), np.float32))
    assert not encoding[1].any()
    assert not encoding[2].any()
    noise, context = np.zeros((4, 4, 2), np.float32), context_of(encoding)
    moved = policy.decode(np.ones((4, 3), np.float32), noise, context)
    base = policy.decode(encoding[1], noise, context)
    np.testing.assert_allclose(moved - base, 3.0, atol=1e-5)


def test_an_agent_learns_on_a_policy_with_a_context():
    from stable_baselines3 import SAC

    env = LatentSteeringWrapper(reach(), ForeignPolicy(Tokens(2, 2)), scale=0.5)
    assert env.observation_space.shape == (5,)  # summary and latent, no tokens
    SAC("MlpPolicy", env, learning_starts=5, device="cpu", seed=0).learn(20)


def test_modules_are_put_into_evaluation_mode_without_gradients():
    class Dropping(LineGenerator):
        def __init__(self):
            super().__init__(2, 2)
            self.drop = nn.Dropout(0.5)

        def generate(self, condition, noise):
            return self.drop(super().generate(condition, noise))

    policy = ForeignPolicy(Dropping())
    assert not policy.generator.drop.training
    assert not any(weight.requires_grad for weight in policy.generator.layer.parameters())
    policy.generator.drop.train()
    env = NoiseSteeringWrapper(reach(), policy)
    env.reset(seed=0)
    env.step(env.action_space.sample())
    assert not policy.generator.drop.training


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (
            lambda batch: batch[:, :, None],
            r"embed must return a tensor of shape \(B, C\). Got: \(1",
        ),
        (lambda batch: {"tokens": batch}, "Got: dict. If the condition is anything else, give"),
        (lambda batch: batch * float("nan"), "embed must return finite numbers"),
    ],
)
def test_a_condition_that_is_no_row_of_numbers_is_told(answer, told):
    generator: Any = LineGenerator(2, 2)
    generator.embed, generator.condition_dim = answer, 2
    with pytest.raises(PolicyMismatchError, match=told):
        ForeignPolicy(generator).encode(np.ones((1, 2), np.float32))


def test_a_wrapper_takes_a_generator_as_it_is():
    env = NoiseSteeringWrapper(reach(), LineGenerator(2, 2))
    assert isinstance(env.policy, ForeignPolicy)


class Counting(LineGenerator):
    """Remembers how often it was asked in an episode, and is bolder each time."""

    condition_dim = 2

    def __init__(self):
        super().__init__(2, 2)
        self.asked = dict.fromkeys(range(64), 0)

    def reset(self, indices):
        self.asked |= dict.fromkeys(indices, 0)

    def embed(self, batch, indices=()):
        for index in indices:
            self.asked[index] += 1
        return batch * torch.tensor([[float(self.asked[index])] for index in indices])


def test_a_policy_with_memory_is_told_which_environments_begin_an_episode():
    assert check_policy(ForeignPolicy(Counting()), reach()) == []
    policy = ForeignPolicy(Counting())
    make = lambda: ActionChunkWrapper(gym.wrappers.TimeLimit(Reach(), 6), 2)  # noqa: E731
    envs = SteeringVecEnv(DummyVecEnv([make, make]), policy, scale=0.5, noise="zero")
    envs.seed(0)
    envs.reset()
    asked, still = policy.generator.asked, np.zeros((2, 2), np.float32)
    for _ in range(2):
        envs.step(still)
    assert (asked[0], asked[1]) == (3, 3)
    assert envs.step(still)[2].all()
    assert (asked[0], asked[1]) == (1, 1)  # the last observation was asked of before the reset


def test_wrappers_of_one_policy_with_memory_leave_each_other_s_alone():
    policy = ForeignPolicy(Counting())
    one, other = (LatentSteeringWrapper(reach(), policy, scale=0.5, noise="zero") for _ in range(2))
    still = np.zeros(2, np.float32)
    one.reset(seed=0)
    one.step(still)
    other.reset(seed=0)
    encode_alone(policy, np.zeros((3, 2), np.float32))
    one.step(still)
    assert [policy.generator.asked[seat] for seat in range(2)] == [3, 1]
    # Policies around the same one share its memory, and what is gone leaves its seat.
    seats = [Seats(TimeLeftPolicy(policy)) for _ in range(2)]
    assert [s.of([0]) for s in seats] == [[2], [3]]
    del other, seats
    gc.collect()
    assert Seats(policy).of([0, 1]) == [1, 2]


def test_one_environment_s_memory_goes_with_its_episode_alone():
    policy = ForeignPolicy(Counting())
    lengths = iter((4, 40))
    make = lambda: ActionChunkWrapper(  # noqa: E731
        gym.wrappers.TimeLimit(Reach(), next(lengths)), 2
    )
    envs = SteeringVecEnv(DummyVecEnv([make, make]), policy, scale=0.5, noise="zero")
    envs.seed(1)
    envs.reset()
    for _ in range(2):
        _, _, dones, _ = envs.step(np.zeros((2, 2), np.float32))
    assert dones.tolist() == [True, False]
    assert [policy.generator.asked[index] for index in (0, 1)] == [1, 3]


def test_its_hash_is_that_of_its_weights():
    one, other = ForeignPolicy(LineGenerator(2, 2)), ForeignPolicy(LineGenerator(2, 2, seed=1))
    assert one.weights_hash == ForeignPolicy(LineGenerator(2, 2)).weights_hash
    assert one.weights_hash != other.weights_hash
