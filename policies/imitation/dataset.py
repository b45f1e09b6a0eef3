"""Data set of imitation learning: pairs of an observation and the action chunk after it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from policies.demonstrations import Trajectory


class ChunkDataset(NamedTuple):
    """Observations and the chunks that follow them.

    Attributes:
        observations: Shape ``(N, O)``, float32.
        chunks: Shape ``(N, H, A)``, float32.
    """

    observations: np.ndarray
    chunks: np.ndarray


def chunk_windows(actions: np.ndarray, horizon: int) -> np.ndarray:
    """Return for each step t the actions a_t, ..., a_(t+H-1), the last one repeated past the end.

    Args:
        actions: Actions of one episode. Shape ``(T, A)``.
        horizon: Length of a chunk, H.

    Returns:
        Shape ``(T, H, A)``.

    Example:
        >>> chunk_windows(np.array([[1], [2], [3]]), 2).squeeze(-1).tolist()
        [[1, 2], [2, 3], [3, 3]]
    """
    steps = np.arange(len(actions))[:, None] + np.arange(horizon)
    windows: np.ndarray = actions[np.minimum(steps, len(actions) - 1)]
    return windows


def chunk_dataset(
    trajectories: Sequence[Trajectory], keys: Sequence[str], horizon: int
) -> ChunkDataset:
    """Collect the chunks of all steps of all episodes.

    Args:
        trajectories: At least one episode.
        keys: Observation keys, in the order of the flat observation.
        horizon: Length of a chunk, H.
    """
    return ChunkDataset(
        np.concatenate([episode.flat_observations(keys) for episode in trajectories]),
        np.concatenate(
            [chunk_windows(episode.actions.astype(np.float32), horizon) for episode in trajectories]
        ),
    )
