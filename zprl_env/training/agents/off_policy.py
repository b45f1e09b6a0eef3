"""Agents with a replay buffer: SAC and TD3 of Stable-Baselines3, TQC and CrossQ of sb3-contrib."""

from __future__ import annotations

from typing import Any

import numpy as np
from sb3_contrib import TQC, CrossQ
from stable_baselines3 import SAC, TD3
from stable_baselines3.common.noise import NormalActionNoise
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.vec_env import VecEnv

from zprl_env.training.agents.actors import CrossQPolicy, OffPolicy, SACPolicy, TD3Policy, TQCPolicy
from zprl_env.training.agents.replay import AlternatingReplayBuffer, ChunkReplayBuffer
from zprl_env.training.settings.recipe import AlgorithmName, Recipe
from zprl_env.vectorised.alternating import AlternatingVecEnv

ALGORITHMS: dict[AlgorithmName, type[OffPolicyAlgorithm]] = {
    "sac": SAC,
    "td3": TD3,
    "tqc": TQC,
    "crossq": CrossQ,
}
"""By name. All of them read each transition's own discount, so targets span ``n_steps`` decisions
and a chunk that was cut short is discounted by the steps it really took."""

POLICIES: dict[AlgorithmName, type[OffPolicy]] = {
    "sac": SACPolicy,
    "td3": TD3Policy,
    "tqc": TQCPolicy,
    "crossq": CrossQPolicy,
}
"""Their actors and critics."""


def make_off_policy(
    algo: AlgorithmName, recipe: Recipe, env: VecEnv, **common: Any
) -> OffPolicyAlgorithm:
    """Build an off-policy model whose actor starts at the base policy.

    Args:
        algo: A key of ``ALGORITHMS``.
        recipe: Its settings.
        env: The steered environments.
        **common: What every algorithm takes: discount, seed, device.

    Returns:
        The model.
    """
    settings = off_policy_settings(algo, recipe, env)
    networks: dict[str, Any] = {
        "net_arch": list(recipe.hidden),
        "n_critics": recipe.n_critics,
        "actor_init": recipe.actor_init,
        "max_grad_norm": recipe.max_grad_norm,
    }
    if algo in ("sac", "td3"):
        networks |= {"layer_norm": recipe.layer_norm, "squash_q": recipe.squash_q}
    if algo != "td3":
        networks |= {
            "log_std_init": recipe.log_std_init,
            "log_std_min": recipe.log_std_min,
            "log_std_max": recipe.log_std_max,
        }
        settings["use_sde"] = recipe.use_sde
    return ALGORITHMS[algo](POLICIES[algo], env, policy_kwargs=networks, **settings, **common)


def off_policy_settings(algo: AlgorithmName, recipe: Recipe, env: VecEnv) -> dict[str, Any]:
    """Arguments that an algorithm has by the same names in Stable-Baselines3 and in SBX.

    Args:
        algo: The algorithm.
        recipe: The settings.
        env: The steered environments.

    Returns:
        Arguments of its class.
    """
    size = int(np.prod(env.action_space.shape))
    noise, entropy = recipe.action_noise, recipe.target_entropy
    alternating = isinstance(env.unwrapped, AlternatingVecEnv)
    settings: dict[str, Any] = {
        "learning_rate": recipe.learning_rate,
        "buffer_size": recipe.buffer_size,
        "learning_starts": 0,
        "batch_size": recipe.batch_size,
        "gradient_steps": recipe.updates_per_episode or recipe.updates_per_decision * env.num_envs,
        "train_freq": (1, "episode") if recipe.updates_per_episode else (1, "step"),
        "action_noise": NormalActionNoise(np.zeros(size), np.full(size, noise)) if noise else None,
        "replay_buffer_class": AlternatingReplayBuffer if alternating else ChunkReplayBuffer,
        "replay_buffer_kwargs": {"gamma": recipe.gamma, "n_steps": recipe.n_steps},
    }
    if algo != "crossq":  # has no target networks
        settings["tau"] = recipe.tau
    if algo != "td3":  # is deterministic
        settings["ent_coef"] = recipe.ent_coef
        settings["target_entropy"] = "auto" if entropy is None else entropy
    return settings
