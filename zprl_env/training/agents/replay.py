"""Replay buffer with n-step targets and each chunk's own discount, by the steps it really took."""

from __future__ import annotations

from typing import Any

import numpy as np
from stable_baselines3.common.buffers import ReplayBuffer
from stable_baselines3.common.type_aliases import ReplayBufferSamples
from stable_baselines3.common.vec_env import VecNormalize

from policies.finite import all_finite
from zprl_env.envs.outcomes import changed, not_counted, succeeded
from zprl_env.errors import SimulationError
from zprl_env.vectorised.alternating import DECISION, HALF


class ChunkReplayBuffer(ReplayBuffer):
    """Replay buffer of decisions with n-step targets and each decision's own discount.

    A decision that executes k environment steps discounts what follows by gamma^k. Over n
    decisions the target is

        r_0 + d_0 r_1 + d_0 d_1 r_2 + ... + (d_0 ... d_{n-1}) Q(s_n),    d_i = gamma^(k_i),

    cut at the first end of an episode. A chunk that a time limit cut short is so bootstrapped with
    its own exponent, where a fixed ``gamma ** n_action_steps`` would be wrong.
    """

    def __init__(
        self,
        *args: Any,
        gamma: float,
        n_steps: int = 1,
        success_share: float = 0.0,
        **kwargs: Any,
    ) -> None:
        """Add to Stable-Baselines3's arguments.

        Args:
            *args: Stable-Baselines3's.
            gamma: Discount per environment step.
            n_steps: Decisions n of the target.
            success_share: Share of a sample that is drawn from episodes that succeeded, as soon as
                there is one; 0 draws from all alike.
            **kwargs: Stable-Baselines3's.
        """
        self.pos = 0
        super().__init__(*args, **kwargs)
        self.gamma = gamma
        self.n_steps = n_steps
        self.success_share = success_share
        self.discounts = np.ones((self.buffer_size, self.n_envs), np.float32)
        self.succeeded = np.zeros((self.buffer_size, self.n_envs), bool)

    def add(
        self,
        obs: np.ndarray,
        next_obs: np.ndarray,
        action: np.ndarray,
        reward: np.ndarray,
        done: np.ndarray,
        infos: list[dict[str, Any]],
    ) -> None:
        """Store one decision of every environment; ``infos`` carry ``env_steps``.

        Raises:
            SimulationError: A number of it is not finite, and would spoil the agent.
        """
        parts = {"observation": obs, "next observation": next_obs, "action": action}
        for name, part in (parts | {"reward": np.asarray(reward)}).items():
            if not all_finite(np.asarray(part, np.float32)):
                raise SimulationError(
                    f"Expected a finite {name} to learn from. Got: NaN or infinity in decision "
                    f"{self.size() + 1} of the replay buffer."
                )
        if self.n_envs == 1 and done[0] and (lost := not_counted(infos[0])) is not None:
            self._lose_episode(whole=lost == "abort")
            return
        if self.n_envs == 1 and done[0] and changed(infos[0]):  # the reward is not true any more
            self._lose_episode(whole=False)
            return
        row = self.pos
        self.succeeded[row] = False
        self.discounts[row] = [self.gamma ** info["env_steps"] for info in infos]
        super().add(obs, next_obs, action, reward, done, infos)
        for column in np.flatnonzero(done):
            if succeeded(infos[column]):
                self.succeeded[self._episode(row, column), column] = True

    def _lose_episode(self, *, whole: bool) -> None:
        """Leave out the decision in which an episode was stopped or cut off, or all of its episode.

        What an arm did until it was stopped is true, and stays; the decision during which it was
        stopped was not carried out. An episode that its operator discards is left out as a whole.
        """
        if whole and self.size() and not self.dones[self.pos - 1].any():
            rows = len(self._episode((self.pos - 1) % self.buffer_size, 0))
            if not self.full:
                rows = min(rows, self.pos)
            self.pos = (self.pos - rows) % self.buffer_size
        elif self.size():
            end_trajectories(self)

    def _episode(self, row: int, column: int) -> list[int]:
        """Find the rows of the episode that ends in a row, as far as they are still stored."""
        rows = [row]
        for back in range(1, self.size()):
            before = (row - back) % self.buffer_size
            if self.dones[before, column]:
                break
            rows.append(before)
        return rows

    def _get_samples(
        self, batch_inds: np.ndarray, env: VecNormalize | None = None
    ) -> ReplayBufferSamples:
        # As in Stable-Baselines3, whose seeding governs numpy's global generator.
        columns = np.random.randint(0, self.n_envs, size=len(batch_inds))  # noqa: NPY002
        count = round(self.success_share * len(batch_inds))
        if count and len(good := np.argwhere(self.succeeded[: self.size()])):
            chosen = good[np.random.randint(0, len(good), size=count)]  # noqa: NPY002
            batch_inds[:count], columns[:count] = chosen.T
        steps = np.arange(self.n_steps)
        rows = (batch_inds[:, None] + steps) % self.buffer_size
        window = (rows, columns[:, None])
        # What lies behind the newest decision is older than it, or empty.
        stops = (self.dones[window] > 0) | (rows == (self.pos - 1) % self.buffer_size)
        last = np.where(stops.any(axis=1), stops.argmax(axis=1), self.n_steps - 1)
        decay = np.cumprod(self.discounts[window], axis=1)
        weights = np.concatenate([np.ones_like(decay[:, :1]), decay[:, :-1]], axis=1)
        rewards = self._normalize_reward(self.rewards[window], env) * weights
        first, final = (batch_inds, columns), (rows[np.arange(len(rows)), last], columns)
        data = (
            self._normalize_obs(self.observations[first], env),
            self.actions[first],
            self._normalize_obs(self.next_observations[final], env),
            (self.dones[final] * (1.0 - self.timeouts[final]))[:, None],
            np.sum(rewards * (steps <= last[:, None]), axis=1, keepdims=True),
            np.take_along_axis(decay, last[:, None], axis=1),
        )
        # Gathering has copied them already.
        return ReplayBufferSamples(*(self.to_torch(array, copy=False) for array in data))


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


def end_trajectories(buffer: ReplayBuffer) -> None:
    """End the stored trajectories, so that n-step targets do not run on into the next ones.

    Environments that are reset before their episode is over leave decisions whose successor is
    of another episode; their targets bootstrap there, as after a time-out.

    Args:
        buffer: A buffer whose next decision does not follow from its last one.
    """
    if buffer.size() > 0:
        last = buffer.pos - 1
        buffer.timeouts[last] = np.where(buffer.dones[last] > 0, buffer.timeouts[last], 1.0)
        buffer.dones[last] = 1.0
