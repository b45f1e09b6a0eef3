"""What all ways of steering share: who draws what, what the agent sees and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from zprl_env.errors import (
    ConfigurationError,
    InvalidActionError,
    PolicyMismatchError,
    SimulationError,
)
from zprl_env.facts import Facts
from zprl_env.steering.base import check_size, policy_generator
from zprl_env.steering.latent import LatentSteering
from zprl_env.steering.noise import NoiseSteering
from zprl_env.testing import LinearPolicy

SEEN = np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]], np.float32)


def steering(**options) -> LatentSteering:
    return LatentSteering(LinearPolicy(3, 2), observation_dim=3, scale=0.5, **options)


def generators(*seeds: int) -> list[np.random.Generator]:
    return [policy_generator(seed) for seed in seeds]


def test_the_policy_s_generator_is_not_the_environment_s_of_the_same_seed():
    assert policy_generator(3).random() != np.random.default_rng(3).random()
    assert policy_generator(3).random() == policy_generator(3).random()


def test_a_latent_is_drawn_from_the_posterior_by_its_environment_s_generator():
    _, latents = steering().observe(SEEN, generators(1, 2))
    draws = [generator.standard_normal(2) for generator in generators(1, 2)]
    np.testing.assert_allclose(latents, SEEN[:, :2] + 0.1 * np.array(draws), rtol=1e-6)
    _, alone = steering().observe(SEEN[1:], generators(2))
    np.testing.assert_array_equal(alone[0], latents[1])


@pytest.mark.parametrize(("kind", "size"), [("features", 5), ("state", 5), ("both", 8)])
def test_what_the_agent_sees_ends_with_the_latent(kind, size):
    steered = steering(observation=kind, sample_latent=False)
    seen, latents = steered.observe(SEEN, generators(1, 2))
    assert seen.shape == (2, size)
    assert steered.observation_space.contains(seen[0])
    np.testing.assert_array_equal(seen[:, -2:], latents)
    np.testing.assert_array_equal(seen[:, :3], SEEN)


def test_an_action_beyond_its_bounds_is_clipped_once_for_all():
    steered = steering(noise_scale=0.0)
    latents = SEEN[:, :2]
    beyond = steered.act(np.full((2, 2), 7.0), latents, generators(1, 2))
    at_end = steered.act(np.ones((2, 2)), latents, generators(1, 2))
    np.testing.assert_array_equal(beyond.chunks, at_end.chunks)
    np.testing.assert_array_equal(beyond.actions, np.ones((2, 2)))
    np.testing.assert_allclose(beyond.latents, latents + 0.5)


def test_only_what_is_executed_is_returned():
    steered = steering(n_action_steps=3)
    assert steered.act(np.zeros((2, 2)), SEEN[:, :2], generators(1, 2)).chunks.shape == (2, 3, 2)


def test_what_is_not_finite_or_of_another_size_is_refused():
    steered = steering()
    with pytest.raises(
        SimulationError, match=r"Got: NaN or infinity at \(row, index\) \[\[0, 1\]\]"
    ):
        steered.observe(np.array([[0.0, np.nan, 0.0]]), generators(1))
    with pytest.raises(InvalidActionError, match=r"of shape \(2,\)\. Got: \(3,\)"):
        steered.act(np.zeros((1, 3)), SEEN[:1, :2], generators(1))
    with pytest.raises(InvalidActionError, match="Expected a finite action"):
        steered.act(np.array([[0.0, np.inf]]), SEEN[:1, :2], generators(1))


def test_an_unknown_observation_or_one_the_policy_cannot_give_is_refused():
    with pytest.raises(ConfigurationError, match=r"observation must be one of .* Got: 'pixels'"):
        steering(observation="pixels")

    class Blind(LinearPolicy):
        normalize = property()

    with pytest.raises(PolicyMismatchError, match=r"needs a policy with normalize.*Got: Blind"):
        LatentSteering(Blind(3, 2), observation_dim=3, scale=0.5, observation="state")


def test_a_class_s_own_defaults_come_before_the_task_s():
    facts = Facts(scale=0.7, noise_scale=0.3)
    usual = {"scale": 0.7, "noise_scale": 0.3, "sample_latent": True}
    assert LatentSteering.usual(facts) == usual
    assert NoiseSteering.usual(facts) == usual | NoiseSteering.defaults


@pytest.mark.parametrize("value", [-0.1, np.nan, np.inf, "large"])
def test_a_size_is_a_finite_number_that_is_not_negative(value):
    assert check_size("bound", 0) == 0.0
    with pytest.raises(ConfigurationError, match="bound must be a finite number and at least 0"):
        check_size("bound", value)
