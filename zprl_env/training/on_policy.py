"""Agents that learn from each rollout once: PPO of Stable-Baselines3 and TRPO of sb3-contrib."""

from __future__ import annotations

from typing import Any

from sb3_contrib import TRPO
from stable_baselines3 import PPO
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.common.vec_env import VecEnv
from torch import nn

from zprl_env.training.networks import start_at_base_policy
from zprl_env.training.recipe import AlgorithmName, Recipe


def make_on_policy(
    algo: AlgorithmName, recipe: Recipe, env: VecEnv, **common: Any
) -> OnPolicyAlgorithm:
    """Build an on-policy model whose actor starts at the base policy.

    Args:
        algo: ``"ppo"`` or ``"trpo"``.
        recipe: Its settings.
        env: The steered environments.
        **common: What every algorithm takes: discount, seed, device.

    Returns:
        The model.
    """
    settings = on_policy_settings(recipe, env) | {"use_sde": recipe.use_sde}
    networks: dict[str, Any] = {
        "net_arch": list(recipe.hidden),
        "log_std_init": recipe.log_std_init,
        "activation_fn": nn.Tanh,
    }
    model: OnPolicyAlgorithm
    if algo == "ppo":
        settings |= {"n_epochs": recipe.n_epochs, "ent_coef": 0.0}
        model = PPO("MlpPolicy", env, policy_kwargs=networks, **settings, **common)
    else:
        # Its policy takes one step per rollout, as long as the trust region lets it.
        settings["n_critic_updates"] = recipe.n_epochs
        model = TRPO("MlpPolicy", env, policy_kwargs=networks, **settings, **common)
    start_at_base_policy(model.policy.action_net)
    return model


def on_policy_settings(recipe: Recipe, env: VecEnv) -> dict[str, Any]:
    """Arguments that PPO and TRPO have by the same names in Stable-Baselines3 and in SBX."""
    return {
        "learning_rate": recipe.learning_rate,
        "n_steps": max(1, recipe.rollout_decisions // env.num_envs),
        "batch_size": recipe.batch_size,
        "gae_lambda": recipe.gae_lambda,
    }
