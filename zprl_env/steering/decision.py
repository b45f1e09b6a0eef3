"""Decision of a steered policy: what its decoder is given, and the action chunks of it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np


class Perturbed(NamedTuple):
    """Inputs of a policy's decoder under the agent's influence, and what is added to its output.

    Arrays of numpy or tensors of torch: a steering's formula is written once for both.
    """

    latents: Any
    """Latents to decode. Shape ``(B, D)``."""
    noise: Any
    """Initial noise of the flow. Shape ``(B, H, A)``."""
    residual: Any = None
    """Residual added to the decided actions; ``None`` adds nothing. Shape ``(B, n_decided, A)``."""


class Decision(NamedTuple):
    """Action chunks of a decision, and the inputs of :meth:`Steering.measure`."""

    chunks: np.ndarray
    """The part of the chunks that is to be executed. Shape ``(B, n_decided, A)``."""
    actions: np.ndarray
    """The agent's actions, clipped to [-1, 1]. Shape ``(B, agent_dim)``."""
    latents: np.ndarray
    """The latents that were decoded. Shape ``(B, D)``."""


class ContextLatents(np.ndarray):
    """Latents of a decision together with the context that they are decoded with.

    An array like any other, of the rows of one call of :meth:`Steering.observe`; what is computed
    from it, or cut out of it, has no context.

    Attributes:
        context: What the policy returned with them; see
            :class:`~policies.encoding.ContextEncoding`.

    >>> latents = ContextLatents.of(np.zeros((2, 3), np.float32), "tokens")
    >>> latents.shape, latents.context, latents[:1].context, (latents + 1).context
    ((2, 3), 'tokens', None, None)
    """

    context: Any = None

    @classmethod
    def of(cls, latents: np.ndarray, context: Any) -> ContextLatents:
        """Put latents and context together. Shape ``(B, D)``."""
        found = np.asarray(latents).view(cls)
        found.context = context
        return found
