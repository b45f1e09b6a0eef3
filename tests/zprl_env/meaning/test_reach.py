"""An agent that moves nothing is told before it learns."""

from __future__ import annotations

import warnings

import gymnasium as gym
import pytest
from stable_baselines3.common.vec_env import DummyVecEnv

from policies.foreign import ForeignPolicy
from policies.foreign.testing import LineGenerator
from zprl_env import (
    ActionChunkWrapper,
    ActionSteeringWrapper,
    JointSteeringWrapper,
    LatentSteeringWrapper,
    NoiseSteeringWrapper,
    SteeringVecEnv,
)
from zprl_env.meaning.reach import NothingMovesWarning
from zprl_env.testing import LinearPolicy, Reach


class Deaf(LineGenerator):
    """It takes no noise, as ACT does not."""

    def generate(self, condition, noise):
        return super().generate(condition, 0.0 * noise)


class Prefix(LineGenerator):
    """It decodes from tokens, of which its latent is a summary."""

    def embed(self, batch):
        return {"tokens": batch}

    def summarize(self, condition):
        return condition["tokens"]

    def generate(self, condition, noise):
        return super().generate(condition["tokens"], noise)


class Remembering(Prefix):
    """It counts how often it was asked in an episode."""

    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.counts: dict[int, int] = {}

    def reset(self, indices):
        for index in indices:
            self.counts.pop(int(index), None)

    def embed(self, batch, indices=()):
        for index in indices:
            self.counts[int(index)] = self.counts.get(int(index), 0) + 1
        return {"tokens": batch}


def reach():
    return gym.wrappers.TimeLimit(Reach(), 20)


@pytest.mark.parametrize(
    ("wrapper", "kind", "place"),
    [
        (NoiseSteeringWrapper, Deaf, "flow's noise"),
        (LatentSteeringWrapper, Prefix, "latent"),
        (LatentSteeringWrapper, Remembering, "latent"),
    ],
)
def test_what_moves_nothing_is_told_and_where_it_was_moved(wrapper, kind, place):
    with pytest.warns(NothingMovesWarning, match=f"moves, the .*{place}, changes nothing"):
        wrapper(reach(), ForeignPolicy(kind(2, 2)), scale=1.0)


@pytest.mark.parametrize(
    ("wrapper", "kind", "scale"),
    [
        (NoiseSteeringWrapper, LineGenerator, 1.0),
        (NoiseSteeringWrapper, Prefix, 1.0),
        (NoiseSteeringWrapper, Remembering, 1.0),
        (NoiseSteeringWrapper, Deaf, 0.0),  # the base policy alone
        (LatentSteeringWrapper, Deaf, 1.0),
        (ActionSteeringWrapper, Prefix, 1.0),
        (JointSteeringWrapper, Prefix, 1.0),
    ],
)
def test_what_moves_anything_is_let_alone(wrapper, kind, scale):
    with warnings.catch_warnings():
        warnings.simplefilter("error", NothingMovesWarning)
        wrapper(reach(), ForeignPolicy(kind(2, 2)), scale=scale)


def test_a_vector_of_environments_is_told_too():
    envs = DummyVecEnv([lambda: ActionChunkWrapper(reach(), 2)])
    with pytest.warns(NothingMovesWarning):
        SteeringVecEnv(envs, ForeignPolicy(Deaf(2, 2)), steer="noise")
    SteeringVecEnv(envs, LinearPolicy(2, 2), scale=0.5)


def test_it_leaves_a_memory_as_it_was():
    generator = Remembering(2, 2)
    env = NoiseSteeringWrapper(reach(), ForeignPolicy(generator))
    env.reset(seed=0)
    env.step(env.action_space.sample())
    assert max(generator.counts.values()) == 2
