"""Training samples: pairs of tensors that a network learns from, some of them held out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from policies.checkpoints.tensor_file import arrays_hash
from policies.demonstrations import Demonstrations, Trajectory
from policies.imitation.config import BottleneckConfig
from policies.imitation.dataset import chunk_dataset
from policies.imitation.device import resolve_device

Pair = tuple[Tensor, Tensor]
"""Inputs and their targets, one row per sample."""
MEASURED_ROWS = 4096
"""Samples that a loss is measured on now and then."""


class Samples(NamedTuple):
    """Pairs to learn from, pairs held out (None if there are none), and both together."""

    train: Pair
    held_out: Pair | None
    all: Pair
    shares: Tensor | None = None
    """Sum of the weights up to each training sample, over their sum; None draws all alike."""

    @property
    def frames_per_step(self) -> int:
        """Frames of cameras that a gradient step takes: none."""
        return 0

    def batch(self, step: int, size: int, generator: torch.Generator) -> Pair:
        """Draw rows of the training samples.

        Args:
            step: Number of the gradient step; not used.
            size: Number of rows.
            generator: Source of randomness, on the samples' device.
        """
        inputs, targets = self.train
        if self.shares is None:
            rows = torch.randint(len(inputs), (size,), generator=generator, device=inputs.device)
        else:
            drawn = torch.rand(size, generator=generator, device=inputs.device)
            rows = torch.searchsorted(self.shares, drawn).clamp(max=len(inputs) - 1)
        return inputs[rows], targets[rows]

    def measured(self) -> Iterator[tuple[str, Callable[[torch.Generator], Pair]]]:
        """Yield what draws some of the training samples and, as ``"val_"``, of those held out."""
        for name, part in (("", self.train), ("val_", self.held_out)):
            if part is not None:
                yield name, partial(_some, part)

    def digest(self) -> str:
        """Return a hash of all."""
        named = dict(zip(("inputs", "targets"), self.all, strict=True))
        if self.shares is not None:
            named["shares"] = self.shares
        return arrays_hash({name: tensor.detach().cpu().numpy() for name, tensor in named.items()})

    def map(self, function: Callable[[Tensor, Tensor], Pair]) -> Samples:
        """Replace every pair by a function of it."""
        held_out = None if self.held_out is None else function(*self.held_out)
        return Samples(function(*self.train), held_out, function(*self.all), self.shares)


def _some(part: Pair, generator: torch.Generator) -> Pair:
    inputs, targets = part
    rows = torch.randperm(len(inputs), generator=generator, device=inputs.device)[:MEASURED_ROWS]
    return inputs[rows], targets[rows]


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
    device = resolve_device(config.device)
    order, n_held_out = _split(len(episodes), config)

    def tensors(indices: np.ndarray) -> Pair:
        chosen = [episodes[i] for i in indices]
        dataset = chunk_dataset(chosen, demonstrations.observation_keys, horizon)
        observations, chunks = (torch.from_numpy(array).to(device) for array in dataset)
        return observations, chunks

    shares = drawn_shares([episodes[i] for i in order[n_held_out:]])
    return Samples(
        train=tensors(order[n_held_out:]),
        held_out=tensors(order[:n_held_out]) if n_held_out else None,
        all=tensors(np.arange(len(episodes))),
        shares=None if shares is None else torch.from_numpy(shares).float().to(device),
    )


def drawn_shares(episodes: Sequence[Trajectory]) -> np.ndarray | None:
    """Return how the steps of episodes are drawn by their weights; None if all are alike.

    Args:
        episodes: Episodes, with their weights.

    Returns:
        Sum of the weights up to each step, over their sum. Shape ``(N,)``.

    >>> steps = np.zeros((2, 1))
    >>> light = Trajectory({"x": steps}, steps, steps[:, 0], steps[:, 0])
    >>> drawn_shares([light, light]) is None
    True
    """
    if len({episode.weight for episode in episodes}) < 2:
        return None
    weights = [episode.weight for episode in episodes]
    sums = np.cumsum(np.repeat(weights, [len(episode) for episode in episodes]))
    return np.asarray(sums / sums[-1])


def held_out_episodes(episodes: int, config: BottleneckConfig) -> np.ndarray:
    """Return the numbers of the episodes that are held out."""
    order, held_out = _split(episodes, config)
    return order[:held_out]


def _split(episodes: int, config: BottleneckConfig) -> tuple[np.ndarray, int]:
    """Put episodes in an order of which the first are held out, and say how many."""
    order = np.random.default_rng(config.seed).permutation(episodes)
    return order, math.ceil(config.val_fraction * episodes) if episodes > 1 else 0
