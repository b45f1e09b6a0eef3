"""From a recipe to a Stable-Baselines3 model, and from a model to an agent."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from stable_baselines3 import PPO, SAC
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.vec_env import VecEnv
from torch import nn

from zprl_env.alternating import AlternatingVecEnv
from zprl_env.evaluation import Agent
from zprl_env.training.networks import EnsembleSACPolicy, start_at_base_policy
from zprl_env.training.recipe import AlgorithmName, Recipe
from zprl_env.training.replay import AlternatingReplayBuffer, ChunkReplayBuffer


def make_model(
    algo: AlgorithmName,
    recipe: Recipe,
    env: VecEnv,
    *,
    n_action_steps: int,
    seed: int,
) -> BaseAlgorithm:
    """Build an unmodified Stable-Baselines3 model that starts at the base policy.

    Args:
        algo: The algorithm.
        recipe: Its settings.
        env: The steered environments.
        n_action_steps: Environment steps per decision.
        seed: Seeds networks, exploration and replay.

    Returns:
        The model.
    """
    make = _make_sac if algo == "sac" else _make_ppo
    return make(recipe, env, gamma=recipe.gamma**n_action_steps, seed=seed, device="cpu")


def as_agent(model: BaseAlgorithm) -> Agent:
    """The model's deterministic action, for :func:`zprl_env.evaluation.evaluate`."""

    def act(observation: np.ndarray) -> np.ndarray:
        return model.predict(observation, deterministic=True)[0]

    return act


def _make_sac(recipe: Recipe, env: VecEnv, **common: Any) -> SAC:
    size = int(np.prod(env.action_space.shape))
    alternating = isinstance(env, AlternatingVecEnv)
    entropy = recipe.target_entropy
    model = SAC(
        EnsembleSACPolicy if recipe.layer_norm else "MlpPolicy",
        env,
        learning_rate=recipe.learning_rate,
        buffer_size=recipe.buffer_size,
        learning_starts=0,
        batch_size=recipe.batch_size,
        tau=recipe.tau,
        gradient_steps=recipe.updates_per_decision * env.num_envs,
        ent_coef=recipe.ent_coef,
        target_entropy="auto" if entropy is None else entropy * size,
        use_sde=recipe.use_sde,
        policy_kwargs={
            "net_arch": list(recipe.hidden),
            "n_critics": recipe.n_critics,
            "log_std_init": recipe.log_std_init,
            "optimizer_kwargs": {"fused": True},
        },
        replay_buffer_class=AlternatingReplayBuffer if alternating else ChunkReplayBuffer,
        replay_buffer_kwargs={"gamma": recipe.gamma, "n_steps": recipe.n_steps},
        **common,
    )
    actor = model.actor
    if recipe.use_sde:
        start_at_base_policy(actor.mu[0])
    else:
        start_at_base_policy(actor.mu)
        start_at_base_policy(actor.log_std)
        nn.init.constant_(actor.log_std.bias, recipe.log_std_init)
    return model


def _make_ppo(recipe: Recipe, env: VecEnv, **common: Any) -> PPO:
    model = PPO(
        "MlpPolicy",
        env,
        learning_rate=recipe.learning_rate,
        n_steps=max(1, recipe.rollout_decisions // env.num_envs),
        batch_size=recipe.batch_size,
        n_epochs=recipe.n_epochs,
        gae_lambda=recipe.gae_lambda,
        ent_coef=0.0,
        use_sde=recipe.use_sde,
        policy_kwargs={
            "net_arch": list(recipe.hidden),
            "log_std_init": recipe.log_std_init,
            "activation_fn": torch.nn.Tanh,
        },
        **common,
    )
    start_at_base_policy(model.policy.action_net)
    return model
