"""Arguments of on-policy agents, which learn from each rollout once, such as PPO, from a recipe."""

from __future__ import annotations

from typing import Any

from stable_baselines3.common.vec_env import VecEnv

from zprl_env.training.settings.recipe import Recipe


def on_policy_arguments(recipe: Recipe, env: VecEnv) -> dict[str, Any]:
    """Return the arguments of on-policy algorithms, of which each takes those that it knows.

    These algorithms know one discount, gamma ** n_action_steps: a chunk that a time limit cuts
    short after k steps is bootstrapped with gamma ** (n_action_steps - k) too little, which is
    0.98 on Lift, for the last decision of an episode without success.

    Args:
        recipe: The settings.
        env: The steered environments.

    Returns:
        Arguments by the names that they have in Stable-Baselines3, sb3-contrib and SBX.
    """
    arguments = {
        "learning_rate": recipe.learning_rate,
        "n_steps": max(1, recipe.rollout_decisions // env.num_envs),
        "batch_size": recipe.batch_size,
        "gae_lambda": recipe.gae_lambda,
        "use_sde": recipe.use_sde,
        "n_epochs": recipe.n_epochs,
        "n_critic_updates": recipe.n_epochs,
    }
    if recipe.max_grad_norm is not None:
        arguments["max_grad_norm"] = recipe.max_grad_norm
    return arguments
