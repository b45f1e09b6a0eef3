"""Base policy that does nothing, for plain reinforcement learning on chunks as a baseline.

``--policy benchmarks.matrix.nothing:box_close --steer action --scale 1`` is an agent that acts by
itself: the zero perturbation is the policy of zero actions, which has learned nothing. It is shown
the normalised observation and no embedding.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from policies.encoding import Encoding
from zprl_env.loading.pretrained import shipped_policies
from zprl_env.loading.resolve import resolve_policy
from zprl_env.steerable import SteerablePolicy


class NothingPolicy:
    """Policy of zero actions, of the sizes of a shipped one."""

    like: Any

    def __init__(self, like: SteerablePolicy) -> None:
        """Take over the sizes, the normalisation and the parts of the observation."""
        self.like = like
        self.observation_dim = self.feature_dim = int(self.like.observation_dim)
        self.latent_dim = 1
        self.action_dim, self.horizon = like.action_dim, like.horizon
        self.n_action_steps = like.n_action_steps
        self.observation_keys = tuple(self.like.metadata["observation_keys"])

    def normalize(self, observations: np.ndarray) -> np.ndarray:
        """Normalise observations as the other one does."""
        normal: np.ndarray = self.like.normalize(observations)
        return normal

    def encode(self, observations: np.ndarray) -> Encoding:
        """Return the normalised observation and an empty latent."""
        nothing = np.zeros((len(observations), 1), np.float32)
        return Encoding(self.normalize(observations), nothing, nothing.copy())

    def decode(self, latents: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Return zero actions."""
        return np.zeros_like(noise)


def __getattr__(name: str) -> Callable[[], NothingPolicy]:
    """Return the maker of a task's policy by the name of its shipped one, ``box_close``."""
    slug = name.replace("_", "-")
    if slug not in shipped_policies():
        raise AttributeError(name)
    return lambda: NothingPolicy(resolve_policy(shipped_policies()[slug]))
