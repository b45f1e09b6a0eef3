"""Perturbing at random: the same directions at every size, measured against closed forms."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from tests.helpers.recording_env import RecordingEnv
from zprl_env import ConfigurationError, LatentSteeringWrapper
from zprl_env.calibrate.trial import play, random_agent
from zprl_env.envs import make_env
from zprl_env.evaluation import evaluate
from zprl_env.loading.resolve import resolve_policy
from zprl_env.testing import LinearPolicy

SEEDS = range(20, 24)
WEIGHTS = np.array([[-0.5, -1 / 6], [1 / 6, 0.5]])
"""Those of the policy: a chunk's actions are z @ WEIGHTS."""


class LargeEnv(RecordingEnv):
    """Takes any action."""

    action_space = gym.spaces.Box(-np.inf, np.inf, (2,), np.float32)


def trial(scale, env_class=RecordingEnv, **options):
    env = env_class(truncate_at=6)  # three decisions
    return play(env, LinearPolicy(3, 2), scale, SEEDS, noise="zero", **options)


@pytest.mark.parametrize("noise", ["zero", "fresh", "fixed:1"])
def test_without_a_perturbation_it_is_the_base_policy(noise, point_task, point_policy):
    policy = resolve_policy(point_policy)
    trial = play(make_env(point_task), policy, 0.0, SEEDS, noise=noise)
    quiet = {"sample_latent": False, "noise": noise}
    alone = LatentSteeringWrapper(make_env(point_task), policy, scale=0.0, **quiet)
    expected = evaluate(alone, None, SEEDS)
    np.testing.assert_array_equal(trial.outcome.lengths, expected.lengths)
    np.testing.assert_array_equal(trial.outcome.successes, expected.successes)
    assert (trial.ratio, trial.change) == (0.0, 0.0)


@pytest.mark.parametrize("hold", ["decision", "episode"])
def test_what_is_measured_is_what_was_perturbed(hold):
    agents = [random_agent(2, seed, hold) for seed in SEEDS]
    dz = np.array([agent(np.empty(0)) for agent in agents for _ in range(3)])
    assert trial(0.4, hold=hold).ratio == pytest.approx(0.4 * np.sqrt(np.mean(dz**2)))
    change = np.sqrt(np.mean((0.4 * dz @ WEIGHTS) ** 2)) / 2.0  # of a range of 2
    assert trial(0.4, hold=hold).change == pytest.approx(change, rel=1e-5)


def test_every_size_perturbs_in_the_same_directions():
    assert trial(0.2).change == pytest.approx(2.0 * trial(0.1).change, rel=1e-4)
    assert trial(0.1, hold="episode").change != pytest.approx(trial(0.1).change, rel=1e-4)


def test_only_what_is_executed_counts():
    huge = trial(1000.0)  # every action is clipped to an end of its range
    assert 0.4 < huge.change <= 1.0
    assert trial(1000.0, LargeEnv).change > 100.0  # in units of the actions, which have no range


def test_episodes_are_compared_one_by_one(point_task):
    env, policy = make_env(point_task), LinearPolicy(3, 2)
    policy._weights = -5.0 * np.eye(2, dtype=np.float32)  # goes to the origin
    base = play(env, policy, 0.0, SEEDS, noise="zero")
    lost = play(env, policy, 50.0, SEEDS, noise="zero")
    assert base.outcome.success_rate == 1.0
    difference = lost.versus(base)
    assert difference.gained == 0
    assert difference.lost == 4 - lost.outcome.successes.sum() > 0


def test_an_impossible_size_is_refused():
    with pytest.raises(ConfigurationError, match="scale must be finite and at least 0"):
        trial(-1.0)
