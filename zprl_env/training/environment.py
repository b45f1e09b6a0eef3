"""Steered environments for training, evaluation and filming, from one recipe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import torch
from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv, VecEnv

from zprl_env.envs import make_env
from zprl_env.errors import SimulationError
from zprl_env.policy_loading import PolicyLike
from zprl_env.training.recipe import Recipe, SteerName
from zprl_env.wrapper import STEERING_WRAPPERS, SteeringWrapper


def steer(
    env: gym.Env, policy: PolicyLike, where: SteerName, recipe: Recipe, *, evaluation: bool
) -> SteeringWrapper:
    """Put a policy into an environment and open it to an agent.

    Args:
        env: The environment.
        policy: A policy object, a path or a shipped name.
        where: Where the agent enters the policy.
        recipe: Settings of the steering.
        evaluation: Act from the latent's mean, as evaluation does, instead of drawing it.

    Returns:
        The steered environment.
    """
    return STEERING_WRAPPERS[where](
        env,
        policy,
        scale=recipe.scale,
        n_action_steps=recipe.n_action_steps,
        gamma=recipe.gamma,
        sample_latent=recipe.sample_latent and not evaluation,
        noise_scale=recipe.noise_scale,
        observation=recipe.observation,
    )


def shape_reward(env: gym.Env, recipe: Recipe) -> gym.Env:
    """Turn the sparse reward into the one the agent learns from."""
    offset = 1.0 if recipe.reward == "penalty" else 0.0
    factor = recipe.reward_scale
    if offset == 0.0 and factor == 1.0:
        return env
    return gym.wrappers.TransformReward(env, lambda reward: factor * (float(reward) - offset))


def make_training_envs(
    name: str,
    policy: PolicyLike,
    where: SteerName,
    recipe: Recipe,
    *,
    num_envs: int,
    seed: int,
    env_kwargs: dict[str, Any] | None = None,
) -> VecEnv:
    """Make the environments an agent learns in; several run in processes of their own.

    Those processes compute with as many threads of torch as this one does.

    Args:
        name: Task, as :func:`~zprl_env.envs.make_env` takes it.
        policy: As in :func:`steer`.
        where: As in :func:`steer`.
        recipe: Settings.
        num_envs: How many.
        seed: Seed of the first; the others follow.
        env_kwargs: Passed to the environment.

    Returns:
        A vectorised environment, seeded.

    Raises:
        SimulationError: A process could not make its environment.
    """
    threads = torch.get_num_threads()

    def make() -> gym.Env:
        torch.set_num_threads(threads)  # a process of its own would take every core there is
        env = shape_reward(make_env(name, **(env_kwargs or {})), recipe)
        return steer(env, policy, where, recipe, evaluation=False)

    makers: list[Callable[[], gym.Env]] = [make] * num_envs
    try:
        envs = DummyVecEnv(makers) if num_envs == 1 else SubprocVecEnv(makers, start_method="spawn")
    except (EOFError, ConnectionError) as error:
        raise SimulationError(
            "Every process must make its environment. One has ended; what it said is above. "
            "Try --num-envs 1."
        ) from error
    envs.seed(seed)
    return envs
