"""What critics learn on a chain is the discounted return, by the environment step."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from stable_baselines3.common.buffers import ReplayBuffer

from tests.helpers.small_model import make_small_model
from zprl_env.steerable import Encoding
from zprl_env.testing import LinearPolicy

LENGTH, LIMIT, CHUNK, GAMMA = 6, 3, 2, 0.7
SETTINGS: dict[str, Any] = {
    "hidden": (32,),
    "gamma": GAMMA,
    "learning_rate": 5e-3,
    "layer_norm": False,
}


class ChainEnv(gym.Env):
    """Every step goes one place on, whatever the action; the last place is success.

    Episodes begin anywhere and time out after 3 steps: in the middle of a chunk of 2.
    """

    observation_space = gym.spaces.Box(0.0, 1.0, (LENGTH,), np.float32)
    action_space = gym.spaces.Box(-1.0, 1.0, (2,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place, self.steps = int(self.np_random.integers(LENGTH)), 0
        return self._observation(), {}

    def step(self, action):
        self.place, self.steps = self.place + 1, self.steps + 1
        success = self.place == LENGTH
        over = self.steps == LIMIT and not success
        return self._observation(), float(success), success, over, {"is_success": success}

    def _observation(self):
        return np.eye(LENGTH + 1, LENGTH, dtype=np.float32)[self.place]


class CertainPolicy(LinearPolicy):
    """A policy without chance, whose features are the observation."""

    def encode(self, observations: np.ndarray) -> Encoding:
        features, mean, std = super().encode(observations)
        return Encoding(features, mean, 0 * std)


PLACES = np.concatenate([np.eye(LENGTH), np.eye(LENGTH)[:, :2]], axis=1, dtype=np.float32)
"""What the agent sees at each place: the features and its latent."""

RETURNS = GAMMA ** np.arange(LENGTH)[::-1]
"""Success is worth 1, and less by gamma for each step that it is away, time limit or not."""


def fixed_discount_values() -> np.ndarray:
    """Solve V = R + D V where every chunk discounts by gamma^2, those that are cut short too.

    Half of the decisions from the third place on are an episode's second, which ends after a step.
    """
    rewards, discounts = np.zeros(LENGTH), np.zeros((LENGTH, LENGTH))
    for place in range(LENGTH):
        share = 0.5 if place >= CHUNK else 0.0
        for steps, weight in ((CHUNK, 1.0 - share), (1, share)):
            if place + steps < LENGTH:
                discounts[place, place + steps] += weight * GAMMA**CHUNK
            else:
                rewards[place] += weight * GAMMA ** (LENGTH - 1 - place)
    return np.linalg.solve(np.eye(LENGTH) - discounts, rewards)


def learned_q(n_steps: int = 1, *, stock_buffer: bool = False) -> np.ndarray:
    """Q of the zero perturbation at every place, by Stable-Baselines3's own updates of SAC."""
    usual = {"ent_coef": "1e-6", "n_critics": 1, "tau": 0.1}
    settings = SETTINGS | usual | {"n_steps": n_steps, "buffer_size": 1000}
    model, _ = make_small_model(ChainEnv(), "sac", policy=CertainPolicy(LENGTH, 2), **settings)
    if stock_buffer:
        spaces = model.observation_space, model.action_space
        model.replay_buffer = ReplayBuffer(1000, *spaces, "cpu")
    model.learning_starts = 1000  # random actions, of which Q learns that they do not matter
    model.learn(1000, log_interval=None)
    model.train(gradient_steps=400, batch_size=128)
    with torch.no_grad():
        (values,) = model.critic(torch.as_tensor(PLACES), torch.zeros(LENGTH, 2))
    return values.numpy()[:, 0]


@pytest.mark.parametrize("n_steps", [1, 3])
def test_sac_learns_the_discounted_return_although_time_limits_cut_its_chunks(n_steps):
    np.testing.assert_allclose(learned_q(n_steps), RETURNS, atol=0.03)


def test_one_discount_for_all_chunks_is_too_little_by_what_it_can_be_computed_to_be():
    expected = fixed_discount_values()
    np.testing.assert_allclose(learned_q(stock_buffer=True), expected, atol=0.05)
    assert (RETURNS - expected).max() > 0.1  # which the tolerances tell apart


def test_ppo_which_knows_one_discount_only_learns_that_too_little():
    settings = SETTINGS | {"rollout_decisions": 256, "n_epochs": 5, "gae_lambda": 0.0}
    policy = CertainPolicy(LENGTH, 2)
    model, _ = make_small_model(ChainEnv(), "ppo", policy=policy, batch_size=64, **settings)
    model.learn(256 * 10, log_interval=None)
    with torch.no_grad():
        values = model.policy.predict_values(torch.as_tensor(PLACES)).numpy()[:, 0]
    np.testing.assert_allclose(values, fixed_discount_values(), atol=0.05)
