"""One local cluster of Ray's for all tests that need one, and what runs in its workers.

That is here and not in the tests, which workers could not import.
"""

from __future__ import annotations

import atexit
import os
import signal
from functools import cache

import gymnasium as gym
import psutil

from tests.helpers.recording_env import RecordingEnv
from zprl_env import ActionChunkWrapper, ConfigurationError
from zprl_env.envs.episodes import SeededEpisodes
from zprl_env.vectorised.cluster.connection import Connection


@cache
def connected() -> Connection:
    """The connection, which stays open until this process ends."""
    connection = Connection(workers=2)
    atexit.register(connection.close)
    return connection


class DyingEnv(RecordingEnv):
    """Its process dies when an action says so; it hangs, or fails, at others."""

    def step(self, action):
        if action[0] == 0.25:
            os.kill(os.getpid(), signal.SIGKILL)
        if action[0] == 0.5:
            os.kill(os.getpid(), signal.SIGSTOP)
        if action[0] == 0.75:
            raise ZeroDivisionError("a defect")
        return super().step(action)


def gone(pids: list[int]) -> bool:
    """Whether processes end within seconds."""
    living = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
    return not psutil.wait_procs(living, timeout=20)[1]


class Stated(gym.Wrapper):
    """Observations by name, and the options of resets in their infos."""

    def __init__(self) -> None:
        super().__init__(RecordingEnv(truncate_at=3))
        box = self.env.observation_space
        self.observation_space = gym.spaces.Dict({"state": box, "half": box})

    def reset(self, **kwargs):
        observation, _ = self.env.reset(**kwargs)
        return self._seen(observation), {"options": kwargs.get("options")}

    def step(self, action):
        observation, *rest = self.env.step(action)
        return self._seen(observation), *rest

    def threads(self):
        """Threads of the process that it is in: torch's, and what others are told."""
        import torch

        return torch.get_num_threads(), os.environ.get("OMP_NUM_THREADS")

    def _seen(self, observation):
        return {"state": observation, "half": observation / 2}


def episodic() -> gym.Env:
    """Chunks of two actions, in episodes of three chunks that each have a number."""
    return ActionChunkWrapper(SeededEpisodes(DyingEnv(truncate_at=6)), 2)


def refuse() -> gym.Env:
    """Make nothing."""
    raise ConfigurationError("the table must be there. Got: none.")
