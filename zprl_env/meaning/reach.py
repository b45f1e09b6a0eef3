"""Reach of an agent: a warning before it learns for hours what changes no action."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from policies.encoding import (
    Observations,
    context_of,
    decode,
    encode_alone,
    noise_shape,
    takes_context,
)
from zprl_env.seeing import batches

LEAST = 1e-6
"""Relative change of a chunk from which an action has moved it."""


class NothingMovesWarning(UserWarning):
    """An agent's actions change nothing of what the policy does."""


def warn_if_nothing_moves(steering: Any, observations: Observations) -> None:
    """Warn if the largest actions of an agent leave a policy's chunk as it is.

    So it is of a policy whose noise is steered and that takes none, or whose latent is a summary
    that it does not decode from. A scale of 0 is meant. The policy is asked once.

    Args:
        steering: A :class:`~zprl_env.steering.base.Steering`.
        observations: One of the environment's, as a batch.

    Warns:
        NothingMovesWarning: It does.
    """
    if not np.any(getattr(steering, "scale", 1.0)):
        return
    policy, generator = steering.policy, np.random.default_rng(0)
    twice = batches.rows(observations, [0, 0])
    encoding = encode_alone(policy, twice)
    signs = np.where(generator.random(steering.agent_dim) < 0.5, -1.0, 1.0)
    actions = np.stack([np.zeros_like(signs), signs]).astype(np.float32)
    noise = generator.standard_normal((1, *noise_shape(policy))).repeat(2, axis=0)
    context = context_of(encoding) if takes_context(policy) else None
    latents = np.array(encoding[1], np.float32)
    perturbed = steering.perturb(actions, latents, noise.astype(np.float32))
    if perturbed.residual is not None:
        return
    still, moved = np.asarray(decode(policy, perturbed.latents, perturbed.noise, context), float)
    if np.abs(moved - still).max(initial=0.0) <= LEAST * max(1.0, np.abs(still).max(initial=0.0)):
        warnings.warn(
            f"What the agent moves, the {steering.place}, changes nothing of "
            f"{type(policy).__name__}'s actions: there is nothing to learn. Steer it elsewhere: "
            "--steer latent, noise or action, by what the policy decodes from.",
            NothingMovesWarning,
            stacklevel=3,
        )
