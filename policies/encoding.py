"""Encoding of observations: the embedding (features) and the latent's posterior, in batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

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
