"""Check that an environment and a policy fit each other: spaces, sizes, chunk and answers."""

from __future__ import annotations

from collections.abc import Iterator

import gymnasium as gym
import numpy as np

from zprl_env.envs.flat import sees_states
from zprl_env.errors import ConfigurationError, PolicyMismatchError
from zprl_env.seeing.fit import (
    cameras_of,
    check_pictures,
    has_pictures,
    picture_mismatches,
    state_size,
)
from zprl_env.steerable import SteerablePolicy
from zprl_env.steering.frozen import Frozen
from zprl_env.steering.probe import ROWS, faults_of_answers


def check_compatible(
    observations: gym.Space,
    actions: gym.Space,
    policy: SteerablePolicy,
    n_action_steps: int,
    pictures: object = None,
) -> int:
    """Check that an environment's spaces fit a policy, and what the policy answers.

    A policy of torch is put into evaluation mode. The questions take some milliseconds.

    Args:
        observations: The environment's observation space.
        actions: The environment's space of single actions.
        policy: The policy.
        n_action_steps: How many actions of a chunk are to be executed.
        pictures: The environment's ``picture_settings``, if it says them.

    Returns:
        The observation's size; of one with pictures, that of what is beside them.

    Raises:
        PolicyMismatchError: They do not fit, the policy's chunks are shorter, or its answers are
            not what :class:`SteerablePolicy` promises; every fault is named.
        ConfigurationError: ``n_action_steps`` is below 1.
    """
    if wrong := [*mismatches(observations, actions, policy, n_action_steps)]:
        raise PolicyMismatchError(" ".join(wrong))
    if n_action_steps < 1:
        raise ConfigurationError(f"n_action_steps must be at least 1. Got: {n_action_steps}.")
    check_pictures(policy, pictures)
    check_answers(policy, observations)
    return state_size(observations)


def check_answers(policy: SteerablePolicy, observations: gym.Space, rows: int = ROWS) -> None:
    """Ask a policy a few questions, and refuse it if its answers are wrong.

    Args:
        policy: The policy.
        observations: The space of what it observes, flat or with pictures.
        rows: How many observations a question has.

    Raises:
        PolicyMismatchError: They are; every fault is named.
    """
    watch = Frozen(policy)
    faults = [*faults_of_answers(policy, observations, rows)]
    try:
        watch.check_weights()
    except PolicyMismatchError as error:
        faults.append(str(error))
    if faults:
        raise PolicyMismatchError(
            f"{type(policy).__name__} must answer as a SteerablePolicy does. Got: "
            f"{'; '.join(faults)}. All that a policy promises: docs/guides/policy.md."
        )


def mismatches(
    observations: gym.Space, actions: gym.Space, policy: SteerablePolicy, n_action_steps: int
) -> Iterator[str]:
    """List the reasons why an environment's spaces do not fit a policy.

    Args:
        observations: As :func:`check_compatible` takes it.
        actions: As there.
        policy: As there.
        n_action_steps: As there.

    Yields:
        Sentences that name both sides and what to try.
    """
    if cameras_of(policy):
        yield from picture_mismatches(observations, policy)
    elif has_pictures(observations):
        yield sees_states(observations)
    elif not isinstance(observations, gym.spaces.Box) or len(observations.shape) != 1:
        yield (
            f"Expected an environment with a flat Box observation. Got: {observations}. "
            f"Wrap each environment in zprl_env.envs.flat_environment(env, policy), or in "
            f"gymnasium.wrappers.FlattenObservation, before it is vectorised."
        )
    else:
        size = observations.shape[0]
        expected = getattr(policy, "observation_dim", size)
        if size != expected:
            yield (
                f"The policy was trained on observations of size {expected}. "
                f"Got an environment with observations of size {size}, {observations}. If it has "
                f"them among others, choose them by gymnasium.wrappers.FilterObservation (of a "
                f"Dict) or TransformObservation."
            )
    if not isinstance(actions, gym.spaces.Box) or actions.shape != (policy.action_dim,):
        yield (
            f"The policy's actions have size {policy.action_dim}. "
            f"Got an environment with action space {actions}. Translate them by "
            f"gymnasium.wrappers.TransformAction, and their range by RescaleAction."
        )
    elif not np.issubdtype(actions.dtype, np.floating):
        yield (
            f"The policy's actions are floating-point. Got an environment with action space "
            f"{actions}. Translate them by gymnasium.wrappers.TransformAction."
        )
    if n_action_steps > policy.horizon:
        yield (
            f"n_action_steps must be at most the policy's horizon {policy.horizon}. "
            f"Got: {n_action_steps}, which you gave or the task says. Give a smaller one, or a "
            f"policy that predicts as many actions."
        )
