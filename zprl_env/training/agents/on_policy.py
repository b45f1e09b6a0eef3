"""Agents that learn from each rollout once: PPO, and TRPO and RecurrentPPO of sb3-contrib."""

from __future__ import annotations

from typing import Any

from sb3_contrib import TRPO, RecurrentPPO
from stable_baselines3 import PPO
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.common.vec_env import VecEnv

from zprl_env.training.agents.actors import ActorCriticPolicy, LstmPolicy, OnPolicy
from zprl_env.training.settings.recipe import AlgorithmName, Recipe

ALGORITHMS: dict[AlgorithmName, tuple[type[OnPolicyAlgorithm], type[OnPolicy]]] = {
    "ppo": (PPO, ActorCriticPolicy),
    "ppo_lstm": (RecurrentPPO, LstmPolicy),
    "trpo": (TRPO, ActorCriticPolicy),
}
"""By name, each with its actor and critic. They know one discount, gamma ** n_action_steps: a chunk
that a time limit cuts short after k steps is bootstrapped with gamma ** (n_action_steps - k) too
little, which is 0.98 on Lift, for the last decision of an episode without success."""


def make_on_policy(
    algo: AlgorithmName, recipe: Recipe, env: VecEnv, **common: Any
) -> OnPolicyAlgorithm:
    """Build an on-policy model whose actor starts at the base policy.

    Args:
        algo: A key of ``ALGORITHMS``.
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
        "actor_init": recipe.actor_init,
    }
    if algo == "trpo":
        # Its policy takes one step per rollout, as long as the trust region lets it.
        settings["n_critic_updates"] = recipe.n_epochs
    else:
        settings["n_epochs"] = recipe.n_epochs
        if recipe.max_grad_norm is not None:
            settings["max_grad_norm"] = recipe.max_grad_norm
    if algo == "ppo_lstm":
        networks["lstm_hidden_size"] = recipe.lstm_hidden
    algorithm, policy = ALGORITHMS[algo]
    return algorithm(policy, env, policy_kwargs=networks, **settings, **common)


def on_policy_settings(recipe: Recipe, env: VecEnv) -> dict[str, Any]:
    """Arguments that all of them have by the same names in Stable-Baselines3 and in SBX."""
    return {
        "learning_rate": recipe.learning_rate,
        "n_steps": max(1, recipe.rollout_decisions // env.num_envs),
        "batch_size": recipe.batch_size,
        "gae_lambda": recipe.gae_lambda,
    }
