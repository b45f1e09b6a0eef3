"""Agents with a replay buffer: SAC and TD3 of Stable-Baselines3, TQC and CrossQ of sb3-contrib."""

from __future__ import annotations

from typing import Any

import numpy as np
from sb3_contrib import TQC, CrossQ
from stable_baselines3 import SAC, TD3
from stable_baselines3.common.noise import NormalActionNoise
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.vec_env import VecEnv
from torch import nn

from zprl_env.alternating import AlternatingVecEnv
from zprl_env.training.networks import EnsembleSACPolicy, EnsembleTD3Policy, start_at_base_policy
from zprl_env.training.recipe import AlgorithmName, Recipe
from zprl_env.training.replay import AlternatingReplayBuffer, ChunkReplayBuffer

ALGORITHMS: dict[AlgorithmName, type[OffPolicyAlgorithm]] = {
    "sac": SAC,
    "td3": TD3,
    "tqc": TQC,
    "crossq": CrossQ,
}
"""By name. All of them read each transition's own discount, so targets span ``n_steps`` decisions
and a chunk that was cut short is discounted by the steps it really took."""

LAYER_NORMALISED = {"sac": EnsembleSACPolicy, "td3": EnsembleTD3Policy}
"""Policies whose critics are layer-normalised; the others' have shapes or layers of their own."""


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
    networks: dict[str, Any] = {
        "net_arch": list(recipe.hidden),
        "n_critics": recipe.n_critics,
        "optimizer_kwargs": {"fused": True},
    }
    settings = off_policy_settings(algo, recipe, env)
    if algo != "td3":
        networks["log_std_init"] = recipe.log_std_init
        settings["use_sde"] = recipe.use_sde
    if algo == "crossq":
        networks["optimizer_kwargs"]["betas"] = (0.5, 0.999)  # its own, lost where others are given
    policy = LAYER_NORMALISED[algo] if recipe.layer_norm else "MlpPolicy"
    model = ALGORITHMS[algo](policy, env, policy_kwargs=networks, **settings, **common)
    _start_at_base_policy(model, recipe)
    return model


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
        "gradient_steps": recipe.updates_per_decision * env.num_envs,
        "action_noise": NormalActionNoise(np.zeros(size), np.full(size, noise)) if noise else None,
        "replay_buffer_class": AlternatingReplayBuffer if alternating else ChunkReplayBuffer,
        "replay_buffer_kwargs": {"gamma": recipe.gamma, "n_steps": recipe.n_steps},
    }
    if algo != "crossq":  # has no target networks
        settings["tau"] = recipe.tau
    if algo != "td3":  # is deterministic
        settings["ent_coef"] = recipe.ent_coef
        settings["target_entropy"] = "auto" if entropy is None else entropy * size
    return settings


def _start_at_base_policy(model: OffPolicyAlgorithm, recipe: Recipe) -> None:
    actor = model.actor
    if isinstance(model, TD3):
        start_at_base_policy(actor.mu[-2])  # a tanh follows
        model.actor_target.load_state_dict(actor.state_dict())
    elif recipe.use_sde:
        start_at_base_policy(actor.mu[0])
    else:
        start_at_base_policy(actor.mu)
        start_at_base_policy(actor.log_std)
        nn.init.constant_(actor.log_std.bias, recipe.log_std_init)
