"""Memory of a replay buffer, which is taken little by little and would be missing hours later."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

from zprl_env.errors import ConfigurationError

LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
"""Files that say how much memory a container may take, by version of cgroups."""
BESIDE = 18
"""Bytes of reward, end, time-out, discount, success and mark."""


def memory() -> float:
    """Return the memory of the machine, or of the container [bytes]; infinity if unknown."""
    try:
        most = float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        most = float("inf")
    for limit in LIMITS:
        try:
            most = min(most, float(limit.read_text(encoding="ascii")))
        except (OSError, ValueError):  # not there, or "max"
            continue
    return most


def bytes_each(observation_space: gym.Space[Any], action_space: gym.Space[Any]) -> int:
    """Return the bytes of a decision in a replay buffer: what was seen, before and after, and done.

    >>> bytes_each(gym.spaces.Box(0, 255, (84, 84, 3), np.uint8), gym.spaces.Box(-1, 1, (8,)))
    42386
    """
    seen, done = (
        int(np.prod(space.shape or ())) * np.dtype(space.dtype).itemsize
        for space in (observation_space, action_space)
    )
    return 2 * seen + done + BESIDE


def check_memory(
    rows: int, observation_space: gym.Space[Any], action_space: gym.Space[Any]
) -> None:
    """Refuse a replay buffer that this machine has no memory for.

    Args:
        rows: Decisions, of all environments.
        observation_space: Of the agent.
        action_space: Of the agent.

    Raises:
        ConfigurationError: It would take more than there is.
    """
    each, most = bytes_each(observation_space, action_space), memory()
    if rows * each > most:
        raise ConfigurationError(
            f"buffer_size must be at most {int(most // each)} here: a decision takes {each} "
            f"bytes, and this machine has {most / 2**30:.1f} GiB. Got: {rows}, which take "
            f"{rows * each / 2**30:.1f} GiB."
        )
