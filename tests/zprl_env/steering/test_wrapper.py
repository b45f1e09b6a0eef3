"""The steered environment: honest, seeded, and the base policy when nobody steers."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from stable_baselines3.common.env_checker import check_env as sb3_check_env

from tests.helpers.recording_env import RecordingEnv, recording
from zprl_env import (
    ActionSteeringWrapper,
    CheckpointError,
    ConfigurationError,
    InvalidActionError,
    JointSteeringWrapper,
    LatentSteeringWrapper,
    NoiseSteeringWrapper,
    PolicyMismatchError,
    SimulationError,
    SteerablePolicy,
)
from zprl_env.steering.wrapper import SteeringWrapper
from zprl_env.testing import LinearPolicy

WRAPPERS: dict[str, Callable[..., SteeringWrapper]] = {
    "latent": lambda env, policy, **kw: LatentSteeringWrapper(env, policy, scale=0.5, **kw),
    "noise": NoiseSteeringWrapper,
    "joint": lambda env, policy, **kw: JointSteeringWrapper(env, policy, scale=0.5, **kw),
    "action": ActionSteeringWrapper,
}


@pytest.fixture
def policy() -> LinearPolicy:
    return LinearPolicy(observation_dim=3, action_dim=2)


def test_the_fake_policy_is_a_steerable_policy(policy):
    assert isinstance(policy, SteerablePolicy)


@pytest.mark.parametrize("name", WRAPPERS)
def test_both_checkers_accept_the_steered_environment(name, policy):
    env = WRAPPERS[name](RecordingEnv(truncate_at=5), policy)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # Said of every wrapper there is; the steered environment is meant to be checked.
        warnings.filterwarnings("ignore", message=".*different from the unwrapped version")
        check_env(env, skip_render_check=True)
        sb3_check_env(env)


@pytest.mark.parametrize("name", WRAPPERS)
@pytest.mark.parametrize("noise_scale", [0.0, 1.0])
def test_a_zero_action_is_the_base_policy_to_the_bit(name, noise_scale, policy):
    env = WRAPPERS[name](RecordingEnv(), policy, noise_scale=noise_scale, sample_latent=True)
    env.reset(seed=3)
    for _ in range(4):
        env.step(np.zeros(env.action_space.shape or (), np.float32))

    generator = np.random.default_rng(np.random.SeedSequence(3, spawn_key=(1,)))
    bare = RecordingEnv()
    observation, _ = bare.reset(seed=3)
    for _ in range(4):
        _, mean, std = policy.encode(observation[None])
        latent = mean + std * generator.standard_normal(2).astype(np.float32)
        noise = np.zeros((1, 4, 2), np.float32)
        if noise_scale:
            noise = generator.standard_normal((4, 2)).astype(np.float32)[None]
        for action in policy.decode(latent, noise)[0, :2]:
            observation, *_ = bare.step(np.clip(action, -1, 1))
    np.testing.assert_array_equal(recording(env).actions, bare.actions)


def test_the_latent_s_perturbation_is_scale_times_action(policy):
    quiet: dict[str, Any] = {"sample_latent": False, "noise_scale": 0.0}
    scale = np.array([0.5, 2.0], np.float32)
    env = LatentSteeringWrapper(RecordingEnv(), policy, scale=scale, **quiet)
    observation, _ = env.reset(seed=0)
    action = np.array([0.3, -0.2], np.float32)
    env.step(action)
    z = observation[3:] + scale * action
    expected = policy.decode(z[None], np.zeros((1, 4, 2), np.float32))[0, 0]
    np.testing.assert_array_equal(recording(env).actions[0], expected)


def test_the_auto_scale_follows_the_published_rule(policy):
    policy.latent_rms = np.array([1.0, 4.0], np.float32)
    env = LatentSteeringWrapper(RecordingEnv(), policy, scale="auto")
    scale = vars(env.steering)["scale"]
    perturbation = scale * np.random.default_rng(0).uniform(-1, 1, (100_000, 2))
    rms = np.sqrt(np.mean(perturbation**2, axis=0))
    np.testing.assert_allclose(rms, 0.1 * policy.latent_rms, rtol=0.01)


@pytest.mark.parametrize(
    ("kind", "size"), [("features", 3 + 2), ("state", 3 + 2), ("both", 3 + 3 + 2)]
)
def test_the_agent_sees_what_it_asked_for_and_the_latent_last(kind, size, policy):
    env = LatentSteeringWrapper(
        RecordingEnv(), policy, scale=0.5, observation=kind, sample_latent=False
    )
    observation, _ = env.reset(seed=0)
    assert observation.shape == (size,)
    np.testing.assert_array_equal(observation[-2:], observation[:2])  # the mean is the state's head


def test_the_same_seed_gives_the_same_episode(policy):
    def play(seed):
        env = LatentSteeringWrapper(RecordingEnv(truncate_at=8), policy, scale=0.5)
        observations = [env.reset(seed=seed)[0]]
        for _ in range(4):
            observations.append(env.step(np.full(2, 0.1, np.float32))[0])
        return np.stack(observations)

    np.testing.assert_array_equal(play(1), play(1))
    assert not np.array_equal(play(1), play(2))


def test_a_policy_that_does_not_fit_is_refused_with_both_sides_named():
    with pytest.raises(
        PolicyMismatchError, match=r"observations of size 5.*observations of size 3"
    ):
        LatentSteeringWrapper(RecordingEnv(), LinearPolicy(5, 2), scale=0.5)
    with pytest.raises(PolicyMismatchError, match=r"actions have size 7.*\(2,\)"):
        LatentSteeringWrapper(RecordingEnv(), LinearPolicy(3, 7), scale=0.5)
    with pytest.raises(PolicyMismatchError, match=r"flat Box.*FlattenObservation"):
        LatentSteeringWrapper(gym.make("FrozenLake-v1"), LinearPolicy(3, 2), scale=0.5)
    with pytest.raises(PolicyMismatchError, match=r"horizon 4\. Got: 5"):
        LatentSteeringWrapper(RecordingEnv(), LinearPolicy(3, 2), scale=0.5, n_action_steps=5)
    with pytest.raises(PolicyMismatchError, match=r"Got: dict, which lacks .*decode"):
        WRAPPERS["noise"](RecordingEnv(), {}, scale=0.5)
    with pytest.raises(CheckpointError, match="Got: 'no-such-policy'"):
        LatentSteeringWrapper(RecordingEnv(), "no-such-policy", scale=0.5)


def test_bad_settings_are_refused(policy):
    latent: Callable[..., SteeringWrapper] = LatentSteeringWrapper
    for scale in (-1.0, np.nan):
        with pytest.raises(ValueError, match="scale must be finite and at least 0"):
            latent(RecordingEnv(), policy, scale=scale)
    with pytest.raises(ValueError, match="one number or 2 of them"):
        latent(RecordingEnv(), policy, scale=np.ones(3))
    with pytest.raises(ValueError, match=r"'auto'\. Got: 'big'"):
        latent(RecordingEnv(), policy, scale="big")
    with pytest.raises(ValueError, match="noise_scale must be a finite number and at least 0"):
        latent(RecordingEnv(), policy, scale=1.0, noise_scale=-1.0)
    for wrapper in (NoiseSteeringWrapper, ActionSteeringWrapper):
        for size in (-1.0, np.inf, "auto"):
            with pytest.raises(ConfigurationError, match="scale must be a finite number"):
                wrapper(RecordingEnv(), policy, scale=size)
    with pytest.raises(ConfigurationError, match="noise_bound must be a finite number"):
        JointSteeringWrapper(RecordingEnv(), policy, scale=1.0, noise_bound=-1.0)
    with pytest.raises(ConfigurationError, match="observation must be one of"):
        latent(RecordingEnv(), policy, scale=1.0, observation="pixels")


@pytest.mark.parametrize("name", WRAPPERS)
def test_no_actions_per_decision_are_not_taken_for_the_policy_s_own(name, policy):
    with pytest.raises(ConfigurationError, match=r"n_action_steps must be at least 1\. Got: 0"):
        WRAPPERS[name](RecordingEnv(), policy, n_action_steps=0)


def test_bad_actions_are_refused_before_anything_moves(policy):
    env = LatentSteeringWrapper(RecordingEnv(), policy, scale=0.5)
    with pytest.raises(gym.error.ResetNeeded):
        env.step(np.zeros(2, np.float32))
    env.reset(seed=0)
    with pytest.raises(InvalidActionError, match=r"shape \(2,\). Got: \(3,\)"):
        env.step(np.zeros(3, np.float32))
    with pytest.raises(InvalidActionError, match="NaN"):
        env.step(np.full(2, np.nan, np.float32))
    assert recording(env).actions == []


def test_an_observation_that_is_not_finite_is_reported(policy):
    env = LatentSteeringWrapper(RecordingEnv(), policy, scale=0.5)
    env.reset(seed=0)
    recording(env).spoil_at = 1
    with pytest.raises(SimulationError, match=r"NaN or infinity at \(row, index\) \[\[0, 0\]\]"):
        env.step(np.zeros(2, np.float32))
