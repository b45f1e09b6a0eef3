"""Replay buffer of decisions that arrive from many environments in any order."""

from __future__ import annotations

from typing import Any

import numpy as np

from zprl_env.training.agents.replay import ChunkReplayBuffer

SOURCE, VERSION, AGE = "source", "agent_version", "agent_age"
"""Keys of ``info``: the environment that a decision is from, the version of the agent that chose
it, and the updates by which that was behind the learner when the decision arrived."""


class InterleavedReplayBuffer(ChunkReplayBuffer):
    """Replay buffer in which every row knows the next decision of its own trajectory.

    Stable-Baselines3's has a column for each environment, which all have to decide together. Here
    there is one column, and a row is whichever decision comes next; targets of several steps follow
    each trajectory from row to row.

    Attributes:
        following: Row of the next decision of the same trajectory, -1 if there is none.
            Shape ``(rows,)``, int64.
        before: Row of the one before, likewise.
        versions: Version of the agent that chose. Shape ``(rows,)``, int64.
        ages: Updates by which it was behind. Shape ``(rows,)``, int64.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take the arguments of :class:`ChunkReplayBuffer`."""
        super().__init__(*args, **kwargs)
        self.following, self.before = (np.full(self.buffer_size, -1) for _ in range(2))
        self.versions, self.ages = (np.zeros(self.buffer_size, np.int64) for _ in range(2))
        self._sources = np.full(self.buffer_size, -1)
        self._newest: dict[int, int] = {}
        self._source = -1

    def add(
        self,
        obs: np.ndarray,
        next_obs: np.ndarray,
        action: np.ndarray,
        reward: np.ndarray,
        done: np.ndarray,
        infos: list[dict[str, Any]],
    ) -> None:
        """Store a decision, whose ``info`` says of which environment it is, and how old."""
        self._source = infos[0].get(SOURCE, -1)
        super().add(obs, next_obs, action, reward, done, infos)

    def end(self, source: int) -> None:
        """End an environment's trajectory: what it does next does not follow from its last row."""
        self._newest.pop(source, None)

    def end_all(self) -> None:
        """End the trajectories of all environments."""
        self._newest.clear()

    def _store(self, *parts: Any, **more: Any) -> None:
        row, source, infos, done = self.pos, self._source, parts[5], parts[4]
        self._forget(row)
        last = self._newest.get(source, -1)
        self.before[row] = last
        if last >= 0:
            self.following[last] = row
        self._sources[row] = source
        self.versions[row], self.ages[row] = (infos[0].get(key, 0) for key in (VERSION, AGE))
        super()._store(*parts, **more)
        self._newest[source] = row
        if done[0]:
            self.end(source)

    def _forget(self, row: int) -> None:
        """Forget the decision that a row is to hold no more."""
        for ours, theirs in ((self.before, self.following), (self.following, self.before)):
            if ours[row] >= 0:
                theirs[ours[row]] = -1
            ours[row] = -1
        if self._newest.get(int(self._sources[row])) == row:
            self.end(int(self._sources[row]))

    def _lose_episode(self, *, whole: bool) -> None:
        self.end(self._source)

    def _episode(self, row: int, column: int, *, through_cuts: bool = False) -> list[int]:
        rows = [row]
        while (earlier := int(self.before[rows[-1]])) >= 0:
            rows.append(earlier)
        return rows

    def _windows(self, first: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rows = np.empty((len(first), self.n_steps), np.int64)
        rows[:, 0] = first
        for step in range(1, self.n_steps):
            following = self.following[rows[:, step - 1]]
            rows[:, step] = np.where(following < 0, rows[:, step - 1], following)
        return rows, self.following[rows] < 0
