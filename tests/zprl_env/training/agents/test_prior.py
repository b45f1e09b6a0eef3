"""Demonstrations become the decisions that an agent would have taken."""

from __future__ import annotations

from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest

from policies.demonstrations import Demonstrations, Trajectory
from tests.helpers.point import PointEnv
from tests.helpers.small_model import make_small_model
from zprl_env.ahead.committed import Committed
from zprl_env.errors import PolicyMismatchError, ZprlError
from zprl_env.steering import ActionSteering, LatentSteering, NoiseSteering
from zprl_env.testing import LinearPolicy
from zprl_env.training.agents.prior import add_prior, prior_decisions
from zprl_env.training.settings.recipe import Recipe

POLICY = LinearPolicy(3, 2)
STEERING = LatentSteering(POLICY, scale=0.5, observation_dim=3, sample_latent=False, noise="zero")
RECIPE = Recipe(gamma=0.9, scale=0.5)


def shown(steps: int, success: bool, start: int = 0) -> tuple[Trajectory, np.ndarray]:
    """An episode that an agent steers by known perturbations; its observations are numbered."""
    rng = np.random.default_rng(start)
    seen = np.zeros((steps, 3), np.float32)
    seen[:, 2] = np.arange(start, start + steps)
    seen[:, :2] = rng.uniform(-0.3, 0.3, (steps, 2))
    dz = rng.uniform(-0.9, 0.9, (-(-steps // 2), 2)).astype(np.float32)
    noise = np.zeros((len(dz), POLICY.horizon, 2), np.float32)
    chunks, _ = STEERING.decode(POLICY.decode, dz, seen[::2, :2], noise)
    actions = chunks.reshape(-1, 2)[:steps]
    rewards, dones = np.zeros(steps), np.zeros(steps)
    rewards[-1], dones[-1] = float(success), 1.0
    return Trajectory({"x": seen}, actions, rewards, dones, success), dz


def demonstrations(*episodes: Trajectory) -> Demonstrations:
    return Demonstrations(episodes, {}, ("x",))


def test_a_success_is_the_agent_s_own_transitions_up_to_its_end():
    episode, dz = shown(5, True)
    prior = prior_decisions(demonstrations(episode), STEERING, RECIPE)
    np.testing.assert_allclose(prior.actions[:2], dz[:2], atol=1e-2)
    np.testing.assert_array_equal(prior.observations[:, 2], [0, 2, 4])  # features, then z
    np.testing.assert_array_equal(prior.following[:, 2], [2, 4, 4])
    np.testing.assert_allclose(prior.rewards, [0, 0, 1])
    assert prior.ends.tolist() == prior.successes.tolist() == [False, False, True]
    assert prior.env_steps.tolist() == [2, 2, 1]
    assert prior.residual < 1e-2


def test_a_failure_ends_like_a_time_limit_before_its_last_chunk():
    episode, _ = shown(6, False)
    prior = prior_decisions(demonstrations(episode), STEERING, RECIPE)
    np.testing.assert_array_equal(prior.following[:, 2], [2, 4])
    assert prior.ends.tolist() == [False, True]
    assert not prior.successes.any()


@pytest.mark.parametrize("base_action", [False, True])
def test_a_residual_is_what_the_demonstrator_did_beside_the_base_policy(base_action):
    episode, _ = shown(6, True)
    steering = ActionSteering(
        POLICY, scale=4.0, observation_dim=3, noise="zero", base_action=base_action
    )
    prior = prior_decisions(demonstrations(episode), steering, RECIPE)
    generators = [np.random.default_rng(0)] * 3
    seen = np.stack([episode.observations["x"][at] for at in (0, 2, 4)])
    _, latents = steering.observe(seen, generators)
    executed = steering.act(prior.actions, latents, generators).chunks.reshape(-1, 2)
    np.testing.assert_allclose(executed, episode.actions, atol=1e-5)
    assert prior.residual < 1e-5
    tight = ActionSteering(POLICY, scale=1e-3, observation_dim=3, noise="zero")
    clipped = prior_decisions(demonstrations(episode), tight, RECIPE)
    assert np.abs(clipped.actions).max() == 1.0
    assert clipped.residual > 1e-2


def test_the_reward_is_the_agent_s():
    episode, _ = shown(4, True)
    recipe = replace(RECIPE, reward="penalty", reward_scale=0.5)
    prior = prior_decisions(demonstrations(episode), STEERING, recipe)
    np.testing.assert_allclose(prior.rewards, [-0.5 * 1.9, -0.5])


@pytest.mark.parametrize("overlap", [False, True])
def test_a_replay_buffer_of_several_environments_holds_them_in_order(overlap):
    model, _ = make_small_model(PointEnv(), overlap=overlap, success_share=0.5)
    buffer = model.replay_buffer
    episodes = [
        shown(6, success, 10 * number)[0] for number, success in enumerate([True, False, True])
    ]
    prior = prior_decisions(demonstrations(*episodes), STEERING, RECIPE)
    assert len(prior.actions) == 3 + 2 + 3
    assert add_prior(buffer, prior) == 8
    rows, columns = 8 // buffer.n_envs, buffer.n_envs
    assert buffer.size() == rows
    stored = buffer.observations[:rows, :, 2].T.ravel()
    np.testing.assert_array_equal(stored, [0, 2, 4, 10, 12, 20, 22, 24])
    ends = buffer.dones[:rows].T.ravel()
    cut = [0, 0, 1, 1, 1, 0, 0, 1] if columns == 2 else [0, 0, 1, 0, 1, 0, 0, 1]
    np.testing.assert_array_equal(ends, cut)
    np.testing.assert_allclose(buffer.discounts[:rows], buffer.gamma**2)
    real = buffer.dones[:rows] * (1 - buffer.timeouts[:rows])
    np.testing.assert_array_equal(real.T.ravel(), [0, 0, 1, 0, 0, 0, 0, 1])
    model.learn(10, log_interval=None)


def test_demonstrations_do_not_tell_what_was_committed():
    space = gym.spaces.Box(-1.0, 1.0, (2,))
    ahead = LatentSteering(
        POLICY, observation_dim=3, n_action_steps=2, committed=Committed(1, 2, space)
    )
    with pytest.raises(ZprlError, match="must come with inference=sync"):
        prior_decisions(demonstrations(shown(5, True)[0]), ahead, RECIPE)


def test_mistakes_are_told():
    episode, _ = shown(6, True)
    other_place = NoiseSteering(POLICY, observation_dim=3)
    with pytest.raises(ZprlError, match=r"--steer latent.* or --steer action\. Got: NoiseSteering"):
        prior_decisions(demonstrations(episode), other_place, RECIPE)
    with pytest.raises(ZprlError, match=r"longer than a decision\. Got: none"):
        prior_decisions(demonstrations(shown(2, False)[0]), STEERING, RECIPE)
    policy = LinearPolicy(3, 2)
    policy.observation_keys = ("y",)  # type: ignore[attr-defined]
    other = LatentSteering(policy, scale=0.5, observation_dim=3)
    with pytest.raises(PolicyMismatchError, match=r"Got: none of \['y'\], but \['x'\]"):
        prior_decisions(demonstrations(episode), other, RECIPE)
    model, _ = make_small_model(PointEnv(), buffer_size=2)
    with pytest.raises(ZprlError, match=r"fit into the replay buffer of 2 rows of 1\. Got: 3"):
        add_prior(model.replay_buffer, prior_decisions(demonstrations(episode), STEERING, RECIPE))
