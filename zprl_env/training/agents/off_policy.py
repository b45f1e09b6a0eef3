"""Arguments of off-policy agents, which have a replay buffer, such as SAC, from a recipe."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from stable_baselines3.common.noise import NormalActionNoise
from stable_baselines3.common.vec_env import VecEnv

from zprl_env.training.agents.replay import AlternatingReplayBuffer, ChunkReplayBuffer
from zprl_env.training.settings.recipe import Recipe
from zprl_env.vectorised.alternating import AlternatingVecEnv


def training_round(recipe: Recipe, num_envs: int) -> tuple[tuple[int, str], int]:
    """Return how often updates come, and how many then: the fewest that are whole numbers.

    Args:
        recipe: The settings.
        num_envs: Environments, all of which decide once in a step.

    >>> training_round(Recipe(updates_per_decision=7.5), 1)
    ((2, 'step'), 15)
    >>> training_round(Recipe(updates_per_decision=7.5), 4)
    ((1, 'step'), 30)
    """
    if recipe.updates_per_episode:
        return (1, "episode"), recipe.updates_per_episode
    ratio = Fraction(recipe.updates_per_decision).limit_denominator(1000) * num_envs
    return (ratio.denominator, "step"), ratio.numerator


def off_policy_arguments(recipe: Recipe, env: VecEnv) -> dict[str, Any]:
    """Return the arguments of off-policy algorithms, of which each takes those that it knows.

    All of them read each transition's own discount from the replay buffer, so targets span
    ``n_steps`` decisions and a chunk that was cut short is discounted by the steps it really took.

    Args:
        recipe: The settings.
        env: The steered environments.

    Returns:
        Arguments by the names that they have in Stable-Baselines3, sb3-contrib and SBX.
    """
    frequency, updates = training_round(recipe, env.num_envs)
    size = int(np.prod(env.action_space.shape))
    noise, entropy = recipe.action_noise, recipe.target_entropy
    alternating = isinstance(env.unwrapped, AlternatingVecEnv)
    usual = AlternatingReplayBuffer if alternating else ChunkReplayBuffer
    return {
        "learning_rate": recipe.learning_rate,
        "buffer_size": recipe.buffer_size,
        "learning_starts": 0,
        "batch_size": recipe.batch_size,
        "gradient_steps": updates,
        "train_freq": frequency,
        "action_noise": NormalActionNoise(np.zeros(size), np.full(size, noise)) if noise else None,
        "replay_buffer_class": getattr(env.unwrapped, "replay_buffer_class", usual),
        "replay_buffer_kwargs": {
            "gamma": recipe.gamma,
            "n_steps": recipe.n_steps,
            "handle_timeout_termination": recipe.bootstrap_timeouts,
            "success_share": recipe.success_share,
        },
        "tau": recipe.tau,
        "ent_coef": recipe.ent_coef,
        "target_entropy": "auto" if entropy is None else entropy,
        "use_sde": recipe.use_sde,
    }
