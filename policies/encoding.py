"""Encoding of observations: the embedding (features), the latent's posterior, and its context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from policies.seats import Seats

Observations = np.ndarray | Mapping[str, np.ndarray]
"""Raw observations of shape ``(B, O)``, or the batch of a policy that sees, by name."""


class Encoding(NamedTuple):
    """The frozen embedding of an observation and the bottleneck's posterior over its latent.

    Attributes:
        features: Observation embedding c. Shape ``(B, F)``, float32.
        mean: Posterior mean mu. Shape ``(B, D)``, float32.
        std: Posterior standard deviation sigma. Shape ``(B, D)``, float32.
    """

    features: np.ndarray
    mean: np.ndarray
    std: np.ndarray


class ContextEncoding(NamedTuple):
    """Encoding of a policy that decodes from more than a latent: image tokens, a prefix, a cache.

    A policy that has ``takes_context = True`` returns one, and is given the context back with the
    latents of the same rows: ``decode(latents, noise, context)``. Nobody else looks into it: the
    agent, its replay buffer and its networks see features and latent alone.

    Attributes:
        features: Observation embedding c, for the agent. Shape ``(B, F)``, float32.
        mean: Posterior mean mu. Shape ``(B, D)``, float32.
        std: Posterior standard deviation sigma. Shape ``(B, D)``, float32.
        context: Whatever the policy needs besides, of all rows at once.
    """

    features: np.ndarray
    mean: np.ndarray
    std: np.ndarray
    context: Any


def takes_context(policy: object) -> bool:
    """Tell whether a policy decodes from a context besides the latent.

    >>> takes_context(object())
    False
    """
    return bool(getattr(policy, "takes_context", False))


def noise_shape(policy: Any) -> tuple[int, int]:
    """Return the shape of the noise that a policy decodes from, of one row.

    That of its chunk, ``(horizon, action_dim)``, unless it has a ``noise_shape`` of its own: a
    generator may make steps that are past when its chunk begins, or numbers that pad its actions.

    >>> from types import SimpleNamespace
    >>> noise_shape(SimpleNamespace(horizon=15, action_dim=7, noise_shape=(16, 32)))
    (16, 32)
    """
    own = getattr(policy, "noise_shape", None)
    rows, width = (policy.horizon, policy.action_dim) if own is None else own
    return int(rows), int(width)


def remembers(policy: object) -> bool:
    """Tell whether a policy has a memory of its episodes: it then has ``reset(indices)``.

    Its ``encode`` is told which environments the rows are of: ``encode(observations, indices)``.

    >>> remembers(object())
    False
    """
    return callable(getattr(policy, "reset", None))


def encode_alone(policy: Any, observations: Observations) -> Any:
    """Encode observations as the first ones of episodes, in free seats of the policy."""
    if not remembers(policy):
        return policy.encode(observations)
    first = next(iter(observations.values())) if isinstance(observations, Mapping) else observations
    seats = Seats(policy)
    rows = seats.of(range(len(first)))
    policy.reset(rows)
    return policy.encode(observations, rows)


def context_of(encoding: tuple[Any, ...]) -> Any:
    """Return the context in an encoding; None in one that has none.

    >>> context_of((0, 1, 2)), context_of(ContextEncoding(0, 1, 2, "tokens"))
    (None, 'tokens')
    """
    return encoding[3] if len(encoding) > 3 else None


def decode(policy: Any, latents: np.ndarray, noise: np.ndarray, context: Any = None) -> Any:
    """Have a policy decode, with the context of its encoding if there is one."""
    return policy.decode(latents, noise, *(() if context is None else (context,)))
