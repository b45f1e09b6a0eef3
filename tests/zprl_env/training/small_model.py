"""Models small enough to train in a test."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import gymnasium as gym
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.vec_env import DummyVecEnv

from zprl_env import ActionChunkWrapper, SteeringVecEnv
from zprl_env.alternating import AlternatingVecEnv
from zprl_env.steerable import SteerablePolicy
from zprl_env.testing import LinearPolicy
from zprl_env.training.agent import make_model
from zprl_env.training.environment import steering_options
from zprl_env.training.recipe import AlgorithmName, BackendName, recipe_for


def make_small_model(
    env: gym.Env,
    algo: AlgorithmName = "sac",
    *,
    seed: int = 0,
    policy: SteerablePolicy | None = None,
    overlap: bool = False,
    backend: BackendName = "torch",
    **settings: Any,
):
    """Return a model of tiny networks on one steered environment, and its recipe."""
    usual: dict[str, Any] = {"hidden": (8, 8), "batch_size": 4, "updates_per_decision": 1}
    usual |= {"buffer_size": 100, "rollout_decisions": 8, "n_epochs": 1, "observation": "features"}
    recipe = replace(recipe_for(algo, "default", "latent"), **(usual | settings))
    policy = policy or LinearPolicy(3, 2)

    def steered(env: gym.Env) -> SteeringVecEnv:
        chunked = DummyVecEnv([lambda: ActionChunkWrapper(env, 2, recipe.gamma)])
        return SteeringVecEnv(chunked, policy, **steering_options(recipe))

    envs = AlternatingVecEnv(steered(env), steered(deepcopy(env))) if overlap else steered(env)
    model = make_model(algo, recipe, envs, n_action_steps=2, seed=seed, backend=backend)
    model.set_logger(Logger(None, []))
    return model, recipe
