"""RL Zoo: the environment wrapper that its hyperparameter files call by name.

RL Zoo makes of them the models that ``train_sb3.py`` makes. Around these it differs: it counts
decisions, evaluates on other seeds with the latent drawn as in training, keeps models and not runs
that go on, and unpickles what it reads. With ``n_envs`` above 1,
``gradient_steps`` has to grow with it, and every environment has a policy of its own unless
``vec_env_wrapper`` is :class:`~zprl_env.SteeringVecEnv` and ``env_wrapper``
:class:`~zprl_env.ActionChunkWrapper`.
"""

from __future__ import annotations

from typing import Any, Literal

import gymnasium as gym

from zprl_env.base_policies.find import base_policy
from zprl_env.errors import ConfigurationError
from zprl_env.loading.resolve import PolicyLike
from zprl_env.steering.table import find_steering
from zprl_env.steering.wrapper import SteeringWrapper
from zprl_env.training.environment import shape_reward
from zprl_env.training.settings.recipe import Recipe


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
    """Put a policy into an environment for training: RL Zoo's ``env_wrapper``.

    Args:
        env: The environment.
        policy: A policy object, a path or a shipped name; ``None`` is the task's own.
        steer: Where the agent enters the policy.
        reward: As in :class:`~zprl_env.training.settings.recipe.Recipe`.
        reward_scale: As in :class:`~zprl_env.training.settings.recipe.Recipe`.
        sample_latent: As in :class:`~zprl_env.training.settings.recipe.Recipe`; RL Zoo's
            evaluations draw it as well, since they take the same wrapper.
        **options: Those of the wrapper, such as ``scale`` and ``noise_scale``.

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
    return find_steering(steer).wrapper(shaped, policy, sample_latent=sample_latent, **options)
