"""Motion of the end effector, against closed forms."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from benchmarks.matrix.motion import Positions


class Rail(gym.Env):
    """A hand on a rail at x = t^3, ten times a second; its other entry jumps about."""

    observation_space = gym.spaces.Box(-np.inf, np.inf, (4,), np.float64)
    action_space = gym.spaces.Box(-1.0, 1.0, (1,), np.float32)
    metadata = {"render_fps": 10}  # noqa: RUF012
    observation_keys = {"goal": slice(0, 1), "hand": slice(1, 4)}  # noqa: RUF012

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.time = 0.0
        return self._observation(), {}

    def step(self, action):
        self.time += 0.1
        return self._observation(), 0.0, False, False, {}

    def _observation(self):
        return np.array([self.np_random.normal(), self.time**3, 0.0, 0.0])


def test_jerk_is_the_third_difference_per_second():
    env = Positions(Rail())
    for _ in range(2):  # the way back to the start is no motion
        env.reset(seed=0)
        for _ in range(20):
            env.step(None)
    times = 0.1 * np.arange(21)
    assert env.to_dict() == {
        "velocity": pytest.approx(np.sqrt(np.mean((np.diff(times**3) / 0.1) ** 2))),
        "jerk": pytest.approx(6.0),
    }


def test_an_environment_whose_hand_is_not_named_has_none():
    env = Positions(gym.make("Pendulum-v1"))
    env.reset(seed=0)
    assert env.to_dict() is None
