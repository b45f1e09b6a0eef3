"""Replay buffer of environments in two halves that take turns: both side by side."""

from __future__ import annotations

from typing import Any

import numpy as np

from zprl_env.training.agents.replay.chunk import ChunkReplayBuffer
from zprl_env.vectorised.alternating import DECISION, HALF


class AlternatingReplayBuffer(ChunkReplayBuffer):
    """Replay buffer of `AlternatingVecEnv`: both halves side by side.

    What is stored is the decision that ``info`` tells of, once both halves have told theirs.
    """

    def __init__(self, *args: Any, n_envs: int = 1, **kwargs: Any) -> None:
        """Make room for two halves of ``n_envs`` environments."""
        super().__init__(*args, n_envs=2 * n_envs, **kwargs)
        self._halves: dict[int, tuple[Any, ...]] = {}

    def add(
        self,
        obs: np.ndarray,
        next_obs: np.ndarray,
        action: np.ndarray,
        reward: np.ndarray,
        done: np.ndarray,
        infos: list[dict[str, Any]],
    ) -> None:
        """Keep one decision of one half; ``obs`` and ``action`` are the other's, and left out."""
        began, acted = (np.stack(part) for part in zip(*(i[DECISION] for i in infos), strict=True))
        self._halves[infos[0][HALF]] = (began, next_obs, acted, reward, done, infos)
        if len(self._halves) == 2:
            first, second = self._halves[0], self._halves[1]
            joined = [np.concatenate(pair) for pair in zip(first[:5], second[:5], strict=True)]
            obs, next_obs, action, reward, done = joined
            super().add(obs, next_obs, action, reward, done, [*first[5], *second[5]])
            self._halves.clear()
