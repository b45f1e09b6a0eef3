"""Toy task: move a point onto a goal, and demonstrations of a person who misjudges half of them."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np

from policies.demonstrations import Demonstrations, Trajectory

BESIDE = 0.12
"""Distance beside a goal on the left that the person goes to."""


class Reach(gym.Env[np.ndarray, np.ndarray]):
    """Move a point onto a goal; the observation is where the goal lies, seen from the point.

    An action moves the point by up to 0.1 along each axis. Success ends an episode; a time limit
    has to be put around it, ``gymnasium.wrappers.TimeLimit(Reach(), 20)``.

    Example:
        >>> env = gym.wrappers.TimeLimit(Reach(), 20)
        >>> way, _ = env.reset(seed=0)
        >>> env.step(np.ones(2, np.float32))[0].shape
        (2,)
    """

    def __init__(self) -> None:
        self.observation_space = gym.spaces.Box(-np.inf, np.inf, (2,), np.float32)
        self.action_space = gym.spaces.Box(-1.0, 1.0, (2,), np.float32)
        self._way = np.zeros(2)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Put the goal somewhere within 0.5 along each axis."""
        super().reset(seed=seed)
        self._way = self.np_random.uniform(-0.5, 0.5, 2)
        return self._way.astype(np.float32), {}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Move the point."""
        self._way = self._way - 0.1 * np.clip(action, -1.0, 1.0)
        success = bool(np.linalg.norm(self._way) < 0.05)
        return self._way.astype(np.float32), float(success), success, False, {"is_success": success}


def reach_demonstrations(episodes: int = 100) -> Demonstrations:
    """Record a person who reaches goals on the right, and goes beside those on the left.

    Args:
        episodes: How many; episode ``i`` is that of seed ``i``.

    >>> demonstrations = reach_demonstrations(10)
    >>> demonstrations.observation_dims, sum(t.success for t in demonstrations.trajectories)
    ({'way': 2}, 7)
    """
    env, shown = gym.wrappers.TimeLimit(Reach(), 20), []
    for seed in range(episodes):
        way, _ = env.reset(seed=seed)
        seen, done, over, success = [], [], False, False
        while not over:
            beside = np.array([BESIDE * (way[0] < 0.0), 0.0])
            seen.append(way)
            done.append(np.clip(4.0 * (way + beside), -1.0, 1.0).astype(np.float32))
            way, _, terminated, truncated, info = env.step(done[-1])
            over, success = terminated or truncated, info["is_success"]
        ends = np.arange(len(done)) == len(done) - 1
        shown.append(
            Trajectory(
                {"way": np.array(seen)},
                np.array(done),
                rewards=(ends & success).astype(np.float32),
                dones=ends.astype(np.float32),
                success=success,
            )
        )
    return Demonstrations(tuple(shown), {}, ("way",))
