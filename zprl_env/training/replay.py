"""A replay buffer that discounts every chunk by the steps it really took."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from stable_baselines3.common.buffers import ReplayBuffer
from stable_baselines3.common.type_aliases import ReplayBufferSamples
from stable_baselines3.common.vec_env import VecNormalize


class ChunkReplayBuffer(ReplayBuffer):
    """Replay of decisions whose target is r + gamma^k Q(s'), k the chunk's ``env_steps``.

    A chunk that a time limit cut short is bootstrapped with its own exponent; a fixed
    ``gamma ** n_action_steps`` would be wrong there.
    """

    def __init__(self, *args: Any, gamma: float, **kwargs: Any) -> None:
        """Add the discount per environment step to SB3's arguments."""
        super().__init__(*args, **kwargs)
        self.gamma = gamma
        self.discounts = np.ones((self.buffer_size, self.n_envs), np.float32)

    def add(
        self,
        obs: np.ndarray,
        next_obs: np.ndarray,
        action: np.ndarray,
        reward: np.ndarray,
        done: np.ndarray,
        infos: list[dict[str, Any]],
    ) -> None:
        """Store one decision of every environment; ``infos`` carry ``env_steps``."""
        self.discounts[self.pos] = [self.gamma ** info["env_steps"] for info in infos]
        super().add(obs, next_obs, action, reward, done, infos)

    def _get_samples(
        self, batch_inds: np.ndarray, env: VecNormalize | None = None
    ) -> ReplayBufferSamples:
        # As in Stable-Baselines3, whose seeding governs numpy's global generator; the column is
        # drawn here so that the discount stays with its transition.
        columns = np.random.randint(0, self.n_envs, size=len(batch_inds))  # noqa: NPY002
        rows = (batch_inds, columns)
        dones = self.dones[rows] * (1.0 - self.timeouts[rows])
        data = (
            self._normalize_obs(self.observations[rows], env),
            self.actions[rows],
            self._normalize_obs(self.next_observations[rows], env),
            dones[:, None],
            self._normalize_reward(self.rewards[rows][:, None], env),
            self.discounts[rows][:, None],
        )
        return ReplayBufferSamples(*(torch.as_tensor(x, device=self.device) for x in data))
