"""Training samples: pairs of tensors that a network learns from, some of them held out."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from policies.demonstrations import Demonstrations
from policies.imitation.config import BottleneckConfig
from policies.imitation.dataset import chunk_dataset

Pair = tuple[Tensor, Tensor]
"""Inputs and their targets, one row per sample."""


class Samples(NamedTuple):
    """Pairs to learn from, pairs held out (None if there are none), and both together."""

    train: Pair
    held_out: Pair | None
    all: Pair

    def map(self, function: Callable[[Tensor, Tensor], Pair]) -> Samples:
        """Replace every pair by a function of it."""
        held_out = None if self.held_out is None else function(*self.held_out)
        return Samples(function(*self.train), held_out, function(*self.all))


def chunk_samples(
    demonstrations: Demonstrations, horizon: int, config: BottleneckConfig
) -> Samples:
    """Pair observations, shape ``(N, O)``, with the chunks that follow them, ``(N, H, A)``.

    Whole episodes are held out, chosen by the seed: neighbouring steps are nearly the same sample.

    Args:
        demonstrations: The episodes.
        horizon: Length of a chunk, H.
        config: Which share of the episodes is held out, by which seed, and on which device.
    """
    episodes = demonstrations.trajectories
    order = np.random.default_rng(config.seed).permutation(len(episodes))
    n_held_out = math.ceil(config.val_fraction * len(episodes)) if len(episodes) > 1 else 0

    def tensors(indices: np.ndarray) -> Pair:
        chosen = [episodes[i] for i in indices]
        dataset = chunk_dataset(chosen, demonstrations.observation_keys, horizon)
        observations, chunks = (torch.from_numpy(array).to(config.device) for array in dataset)
        return observations, chunks

    return Samples(
        train=tensors(order[n_held_out:]),
        held_out=tensors(order[:n_held_out]) if n_held_out else None,
        all=tensors(np.arange(len(episodes))),
    )
