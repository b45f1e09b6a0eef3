"""What a policy returns is checked before it acts, and everything that is wrong is named."""

from __future__ import annotations

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
from zprl_env.envs.spaces import unbounded_box
from zprl_env.steering.probe import faults_of_answers, questions
from zprl_env.testing import LinearPolicy, check_policy


def with_sizes(**sizes: Any) -> LinearPolicy:
    policy = LinearPolicy(3, 2)
    vars(policy).update(sizes)
    return policy


def encoding(part: str, change) -> LinearPolicy:
    """A policy with one part of its encoding changed."""

    class Changed(LinearPolicy):
        def encode(self, observations):
            answer = super().encode(observations)._asdict()
            return Encoding(**answer | {part: change(answer[part])})

    return Changed(3, 2)


def decoding(change) -> LinearPolicy:
    class Changed(LinearPolicy):
        def decode(self, latents, noise):
            return change(super().decode(latents, noise))

    return Changed(3, 2)


class Spoiling(LinearPolicy):
    """Works in the arrays it is given."""

    def encode(self, observations):
        observations *= 0.5
        return super().encode(observations)


class Reusing(LinearPolicy):
    """Answers in an array that it writes over."""

    def __init__(self) -> None:
        super().__init__(3, 2)
        self.room = np.zeros((64, 4, 2), np.float32)

    def decode(self, latents, noise):
        self.room[: len(noise)] = super().decode(latents, noise)
        return self.room[: len(noise)]


class Whitening(LinearPolicy):
    """Normalises over the batch."""

    def normalize(self, observations):
        return observations - observations.mean(axis=0)

    def encode(self, observations):
        return super().encode(self.normalize(observations))


BROKEN: dict[str, tuple[Any, str]] = {
    "feature_dim": (with_sizes(feature_dim=7), r"features must have shape .* = \(3, 7\), got"),
    "latent_dim": (
        encoding("mean", lambda a: a[:, :1]),
        r"mean must have shape .* = \(3, 2\), got \(3, 1\)",
    ),
    "horizon": (decoding(lambda a: a[:, :3]), r"= \(3, 4, 2\), got \(3, 3, 2\)"),
    "action_dim": (decoding(lambda a: a[..., :1]), r"= \(3, 4, 2\), got \(3, 4, 1\)"),
    "raising": (with_sizes(latent_dim=3, latent_rms=None), r"decode of 3 rows, .* raised ValueE"),
    "nan features": (encoding("features", lambda a: a * np.nan), "encode of 3 rows: features .*fi"),
    "infinite mean": (encoding("mean", lambda a: a + np.inf), "mean must be finite"),
    "no std": (encoding("std", lambda a: None), "std must be an array of numpy, got NoneType"),
    "negative std": (encoding("std", lambda a: -a), r"std must not be negative, got -0\.1"),
    "scalar std": (
        encoding("std", lambda a: np.float32(0.1)),
        "std must be an array of numpy, got",
    ),
    "list": (encoding("mean", lambda a: a.tolist()), "mean must be an array of numpy, got list"),
    "tensor": (encoding("mean", torch.as_tensor), r"got torch\.Tensor: convert it by .*numpy\(\)"),
    "integers": (
        encoding("mean", lambda a: a.astype(int)),
        "floating-point, float32 best, got i",
    ),
    "objects": (encoding("std", lambda a: a.astype(object)), "floating-point, .*, got object"),
    "complex": (decoding(lambda a: a.astype(complex)), "actions must be floating-point"),
    "nan actions": (decoding(lambda a: a * np.nan), "decode of 3 rows: actions must be finite"),
    "no batch": (decoding(lambda a: a[0]), r"= \(3, 4, 2\), got \(4, 2\)"),
    "squeezed": (
        encoding("mean", lambda a: a[0] if len(a) == 1 else a),
        r"encode of 1 row: mean must have shape .* = \(1, 2\), got \(2,\)",
    ),
    "tuple of two": (
        SimpleNamespace(**vars(LinearPolicy(3, 2)), encode=lambda o: (o, o), decode=None),
        "decode must be a method, got None",
    ),
    "spoiling": (Spoiling(3, 2), "encode must leave its arguments as they are"),
    "reusing": (Reusing(), "decode must return arrays of its own"),
    "batch": (
        Whitening(3, 2),
        "a row must be answered as it is alone, encode gives other f",
    ),
    "statistics": (with_sizes(latent_rms=np.ones(3)), r"latent_rms must have shape .* got \(3,\)"),
    "nan statistics": (with_sizes(latent_mean=[0, np.nan]), "latent_mean must be finite"),
    "float size": (with_sizes(latent_dim=2.0), r"latent_dim must be an integer .* got 2\.0"),
    "string size": (with_sizes(horizon="4"), r"horizon must be an integer of at least 1, got '4'"),
    "no size": (with_sizes(action_dim=None), "action_dim must be an integer .* got None"),
    "zero": (
        with_sizes(n_action_steps=0),
        "n_action_steps must be an integer of at l.* 0",
    ),
    "too many": (
        with_sizes(n_action_steps=5),
        "n_action_steps must be at most the horizon 4",
    ),
    "class": (Reusing, r"it is the class Reusing: give an instance, Reusing\(\.\.\.\)"),
    "function": (lambda: LinearPolicy(3, 2), "function, which lacks feature_dim, latent_dim"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_policy_is_refused_by_wrappers_vectors_and_the_check(name):
    policy, message = BROKEN[name]
    with pytest.raises(PolicyMismatchError, match=message):
        LatentSteeringWrapper(RecordingEnv(), policy, scale=0.5)
    envs = DummyVecEnv([lambda: ActionChunkWrapper(RecordingEnv(), 2)])
    with pytest.raises(PolicyMismatchError, match=message):
        SteeringVecEnv(envs, policy, scale=0.5)
    with pytest.raises(PolicyMismatchError, match=message):
        check_policy(policy, RecordingEnv())


def test_every_mismatch_is_named_at_once():
    class Bad(LinearPolicy):
        def encode(self, observations):
            features, mean, _ = super().encode(observations)
            return Encoding(features[:, :1], mean * np.nan, None)  # type: ignore[arg-type]

        def decode(self, latents, noise):
            return super().decode(latents, noise)[:, :2]

    with pytest.raises(PolicyMismatchError) as caught:
        LatentSteeringWrapper(RecordingEnv(), Bad(3, 2), scale=0.5)
    for part in ("features must", "mean must", "std must", "actions must", "docs/guides/policy.md"):
        assert part in str(caught.value)


@pytest.mark.parametrize("kind", [np.float16, np.float64])
def test_other_floating_point_numbers_are_taken_and_are_float32_from_then_on(kind):
    policy = encoding("mean", lambda a: a.astype(kind))
    env = LatentSteeringWrapper(RecordingEnv(), policy, scale=0.5)
    assert env.reset(seed=0)[0].dtype == np.float32
    assert env.step(np.zeros(2, np.float32))[0].dtype == np.float32


def test_sizes_of_numpy_and_plain_tuples_are_taken():
    policy = encoding("mean", lambda a: a)
    vars(policy).update(feature_dim=np.int64(3), latent_dim=np.int32(2))
    LatentSteeringWrapper(RecordingEnv(), policy, scale=0.5).reset(seed=0)


def test_what_goes_wrong_later_is_blamed_on_the_policy():
    class Late(LinearPolicy):
        spoil = False

        def decode(self, latents, noise):
            return super().decode(latents, noise) * (np.nan if self.spoil else 1.0)

    policy = Late(3, 2)
    env = LatentSteeringWrapper(RecordingEnv(), policy, scale=0.5)
    env.reset(seed=0)
    policy.spoil = True
    with pytest.raises(PolicyMismatchError, match=r"Late\.decode must return finite actions.*sc"):
        env.step(np.zeros(2, np.float32))


def test_a_question_lies_in_the_space():
    generator = np.random.default_rng(0)
    narrow = gym.spaces.Box(np.array([0.5, 0.0], np.float32), np.array([0.6, np.inf], np.float32))
    assert all(narrow.contains(row) for row in questions(narrow, 20, generator))
    drawn = np.asarray(questions(unbounded_box(4), 20, generator))
    assert np.abs(drawn).max() < 10


def test_a_sound_policy_has_no_fault():
    assert [*faults_of_answers(LinearPolicy(3, 2), unbounded_box(3))] == []


@pytest.mark.parametrize("library", ["torch", "numpy"])
def test_a_policy_that_seeds_everybody_s_generator_is_refused(library):
    class Seeding(LinearPolicy):
        def decode(self, latents, noise):
            np.random.seed(0) if library == "numpy" else torch.manual_seed(0)  # noqa: NPY002
            return super().decode(latents, noise)

    torch.rand(1)
    np.random.random()  # noqa: NPY002  whoever came before may have left it as it is seeded here
    with pytest.raises(PolicyMismatchError, match="leave the global generators of torch and numpy"):
        LatentSteeringWrapper(gym.make("Pendulum-v1"), Seeding(3, 1), scale=0.5)
