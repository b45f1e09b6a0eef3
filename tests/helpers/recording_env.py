"""A tiny environment that remembers what was done to it."""

from __future__ import annotations

import gymnasium as gym
import numpy as np


class RecordingEnv(gym.Env[np.ndarray, np.ndarray]):
    """Counts steps; terminates or truncates when told to; observation i is (i, seed draw, 0)."""

    observation_space = gym.spaces.Box(-np.inf, np.inf, (3,), np.float32)
    action_space = gym.spaces.Box(-1.0, 1.0, (2,), np.float32)

    def __init__(self, *, terminate_at: int = 10**9, truncate_at: int = 10**9, reward: float = 1.0):
        self.terminate_at, self.truncate_at, self.reward = terminate_at, truncate_at, reward
        self.actions: list[np.ndarray] = []
        self.spoil_at = 10**9

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.actions = []
        self._draw = float(self.np_random.random())
        return self._observation(), {}

    def step(self, action):
        self.actions.append(np.array(action))
        count = len(self.actions)
        terminated, truncated = count >= self.terminate_at, count >= self.truncate_at
        return self._observation(), self.reward, terminated, truncated, {"is_success": terminated}

    def _observation(self):
        count = len(self.actions)
        value = np.nan if count >= self.spoil_at else 0.1 * count
        return np.array([value, self._draw, 0.0], np.float32)


def recording(env: gym.Env) -> RecordingEnv:
    """Return the environment below all wrappers."""
    assert isinstance(env.unwrapped, RecordingEnv)
    return env.unwrapped
