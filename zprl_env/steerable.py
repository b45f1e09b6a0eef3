"""Interface of a frozen policy: the one contract between it and this toolkit."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any, Protocol, runtime_checkable

import numpy as np

from policies.encoding import Encoding

__all__ = ["Encoding", "SteerablePolicy", "faults_of_members"]

SIZES = {"feature_dim": 0, "latent_dim": 1, "action_dim": 1, "horizon": 1, "n_action_steps": 1}
"""Smallest value of each size that a policy has to state."""
METHODS = ("encode", "decode")


@runtime_checkable
class SteerablePolicy(Protocol):
    """A frozen, chunk-predicting policy with a latent between its encoder and action generator.

    Any object with these members is one; nothing has to be inherited. Everything is batch first,
    numpy in and numpy out, and no member may change the policy: the same arguments give the same
    result for as long as the object lives.

    A policy that sees has two attributes more: ``cameras``, the names of those it sees through in
    order, and ``picture_settings``, what their pictures were made with. One that decodes from more
    than a latent has ``takes_context``: see :class:`~policies.encoding.ContextEncoding`. Noise of
    another shape than its chunk's is stated as ``noise_shape``.

    Attributes:
        feature_dim: Size F of the observation embedding.
        latent_dim: Size D of the latent.
        action_dim: Size A of one environment action.
        horizon: Number H of actions in a predicted chunk.
        n_action_steps: Number of actions of a chunk that are executed before the next decision.
    """

    feature_dim: int
    latent_dim: int
    action_dim: int
    horizon: int
    n_action_steps: int

    def encode(self, observations: Any) -> Encoding:
        """Embed observations.

        Args:
            observations: Flat observations. Shape ``(B, O)``, float32. Of a policy that sees,
                proprioception of that shape as ``state``, if there is any, and each camera's
                frames, uint8 of shape ``(B, H, W, 3)``, by its name.

        Returns:
            Features of shape ``(B, F)`` and the latent's mean and standard deviation, ``(B, D)``.
        """
        ...

    def decode(self, latents: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Generate action chunks.

        Args:
            latents: Where in the latent to act from. Shape ``(B, D)``.
            noise: Start of the generator's flow, N(0, I) in imitation. Shape ``(B, H, A)``.

        Returns:
            Action chunks in the environment's units. Shape ``(B, H, A)``.
        """
        ...


def faults_of_members(policy: object) -> Iterator[str]:
    """List what is wrong with the attributes of an object that should be a policy.

    Nothing is called. A size is an integer, of Python or numpy; a float or a string is none.

    Args:
        policy: Any object.

    Yields:
        One phrase per fault; none of a :class:`SteerablePolicy`.

    >>> from types import SimpleNamespace
    >>> found = faults_of_members(SimpleNamespace(feature_dim=3, latent_dim=2.0, horizon=4))
    >>> for fault in found: print(fault)
    latent_dim must be an integer of at least 1, got 2.0
    action_dim is missing
    n_action_steps is missing
    encode is missing
    decode is missing
    """
    if isinstance(policy, type):
        yield f"it is the class {policy.__name__}: give an instance, {policy.__name__}(...)"
        return
    sizes: dict[str, int] = {}
    for name, least in SIZES.items():
        if not hasattr(policy, name):
            yield f"{name} is missing"
            continue
        value = getattr(policy, name)
        if isinstance(value, bool) or not _is_integer(value) or value < least:
            yield f"{name} must be an integer of at least {least}, got {value!r}"
        else:
            sizes[name] = int(value)
    executed, predicted = sizes.get("n_action_steps", 0), sizes.get("horizon", 0)
    if 0 < predicted < executed:
        yield f"n_action_steps must be at most the horizon {predicted}, got {executed}"
    for name in METHODS:
        if not hasattr(policy, name):
            yield f"{name} is missing"
        elif not callable(getattr(policy, name)):
            yield f"{name} must be a method, got {getattr(policy, name)!r}"


def _is_integer(value: object) -> bool:
    try:
        operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        return False
    return np.ndim(value) == 0  # type: ignore[arg-type]
