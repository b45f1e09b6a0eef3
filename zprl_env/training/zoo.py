"""RL Zoo: the environment wrapper that its hyperparameter files call by name, and its tuning.

RL Zoo makes of them the models that ``train_sb3.py`` makes. Around these it differs: it counts
decisions, evaluates on other seeds with the latent drawn as in training, keeps models and not runs
that go on, and unpickles what it reads. With ``n_envs`` above 1,
``gradient_steps`` has to grow with it, and every environment has a policy of its own unless
``vec_env_wrapper`` is :class:`~zprl_env.SteeringVecEnv` and ``env_wrapper``
:class:`~zprl_env.ActionChunkWrapper`.

``--optimize-hyperparameters`` keeps the recipe: RL Zoo's own search spaces would replace networks,
discount and update ratio by those of agents that learn from nothing. Search spaces are entries of a
table of RL Zoo's, to which :func:`offer_search_spaces` adds this package's.
"""

from __future__ import annotations

import sys
from typing import Any, Literal

import gymnasium as gym

from zprl_env.base_policies.find import base_policy
from zprl_env.errors import ConfigurationError
from zprl_env.loading.resolve import PolicyLike
from zprl_env.options.former import with_present_names
from zprl_env.steering.table import find_steering
from zprl_env.steering.wrapper import SteeringWrapper
from zprl_env.training.environment import shape_reward
from zprl_env.training.settings.recipe import Recipe
from zprl_env.training.settings.search import SPACES, converted, sampler


def steered(
    env: gym.Env,
    policy: PolicyLike | None = None,
    *,
    steer: str = "latent",
    reward: Literal["sparse", "penalty"] = "sparse",
    reward_scale: float = 1.0,
    sample_latent: bool = True,
    **options: Any,
) -> SteeringWrapper:
    """Steer an environment by a policy for training: RL Zoo's ``env_wrapper``.

    Args:
        env: The environment.
        policy: A policy object, a path or a shipped name; ``None`` is the task's own.
        steer: Where the agent enters the policy.
        reward: As in :class:`~zprl_env.training.settings.recipe.Recipe`.
        reward_scale: As in :class:`~zprl_env.training.settings.recipe.Recipe`.
        sample_latent: As in :class:`~zprl_env.training.settings.recipe.Recipe`; RL Zoo's
            evaluations draw it as well, since they take the same wrapper.
        **options: Those of the wrapper, such as ``scale`` and ``noise``.

    Returns:
        The steered environment.

    Raises:
        CheckpointError: The task has no policy of its own.
        ConfigurationError: It is no task, so that it has none, or an option is out of range.
    """
    if policy is None:
        spec = env.unwrapped.spec
        if spec is None:
            raise ConfigurationError(
                "policy must be given for an environment that has no gymnasium id. Got: None."
            )
        policy = base_policy(spec.id, make=False)
    shaped = shape_reward(env, Recipe(reward=reward, reward_scale=reward_scale))
    present = with_present_names(options)  # a file may be older than this version
    return find_steering(steer).wrapper(shaped, policy, sample_latent=sample_latent, **present)


def offer_search_spaces() -> None:
    """Put this package's search spaces into RL Zoo's table, where RL Zoo is what is running.

    RL Zoo looks search spaces up by algorithm in two dictionaries of ``rl_zoo3.hyperparams_opt``,
    which is where its users add or replace them. It asks for them after it has imported this module
    for the wrapper; for ``--trial-id`` before, so there ``--gym-packages zprl_env.training.zoo``
    imports it. In a process without RL Zoo nothing happens.
    """
    tables = sys.modules.get("rl_zoo3.hyperparams_opt")
    if tables is not None:
        for algo in SPACES:
            tables.HYPERPARAMS_SAMPLER[algo] = sampler(algo)
            tables.HYPERPARAMS_CONVERTER[algo] = converted


offer_search_spaces()
