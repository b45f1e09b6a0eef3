"""Check that an environment and a policy fit each other: spaces, sizes and the chunk's length."""

from __future__ import annotations

import gymnasium as gym

from zprl_env.errors import PolicyMismatchError
from zprl_env.steerable import SteerablePolicy


def check_compatible(
    observations: gym.Space, actions: gym.Space, policy: SteerablePolicy, n_action_steps: int
) -> int:
    """Check that an environment's spaces fit a policy.

    Args:
        observations: The environment's observation space.
        actions: The environment's space of single actions.
        policy: The policy.
        n_action_steps: How many actions of a chunk are to be executed.

    Returns:
        The observation's size.

    Raises:
        PolicyMismatchError: They do not fit, or the policy's chunks are shorter.
    """
    if not isinstance(observations, gym.spaces.Box) or len(observations.shape) != 1:
        raise PolicyMismatchError(
            f"Expected an environment with a flat Box observation. Got: {observations}. "
            f"Wrap each environment in zprl_env.envs.flat_environment(env, policy), or in "
            f"gymnasium.wrappers.FlattenObservation, before it is vectorised."
        )
    size = observations.shape[0]
    expected = getattr(policy, "observation_dim", size)
    if size != expected:
        raise PolicyMismatchError(
            f"The policy was trained on observations of size {expected}. "
            f"Got an environment with observations of size {size}, {observations}. If it has them "
            f"among others, choose them by gymnasium.wrappers.FilterObservation (of a Dict) or "
            f"TransformObservation."
        )
    if not isinstance(actions, gym.spaces.Box) or actions.shape != (policy.action_dim,):
        raise PolicyMismatchError(
            f"The policy's actions have size {policy.action_dim}. "
            f"Got an environment with action space {actions}. Translate them by "
            f"gymnasium.wrappers.TransformAction, and their range by RescaleAction."
        )
    if n_action_steps > policy.horizon:
        raise PolicyMismatchError(
            f"n_action_steps must be at most the policy's horizon {policy.horizon}. "
            f"Got: {n_action_steps}, which you gave or the task says. Give a smaller one, or a "
            f"policy that predicts as many actions."
        )
    return size
