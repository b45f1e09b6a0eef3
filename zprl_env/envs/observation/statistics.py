"""Running statistics of observations, by which a frozen policy is shown ever other numbers."""

from __future__ import annotations

import gymnasium as gym

from zprl_env.errors import PolicyMismatchError


def has_moving_statistics(env: gym.Env) -> bool:
    """Tell whether a wrapper normalises observations by statistics that go on changing.

    >>> env = gym.wrappers.NormalizeObservation(gym.make("Pendulum-v1"))
    >>> has_moving_statistics(env)
    True
    >>> env.update_running_mean = False
    >>> has_moving_statistics(env)
    False
    """
    while isinstance(env, gym.Wrapper):
        if isinstance(env, gym.wrappers.NormalizeObservation) and env.update_running_mean:
            return True
        env = env.env
    return False


def check_statistics(moving: bool) -> None:
    """Refuse statistics that go on changing underneath a frozen policy.

    Args:
        moving: Whether they do.

    Raises:
        PolicyMismatchError: They do.
    """
    if moving:
        raise PolicyMismatchError(
            "A frozen policy must be shown observations as it was trained on them. Got an "
            "environment that normalises them by statistics that go on changing. Put "
            "VecNormalize or NormalizeObservation around the steering, where the agent learns, or "
            "fix its statistics: training=False, update_running_mean=False."
        )
