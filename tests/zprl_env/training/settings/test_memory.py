"""A replay buffer that there is no memory for is refused before it is filled for hours."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from zprl_env.errors import ConfigurationError
from zprl_env.training.agents.replay import AlternatingReplayBuffer, ChunkReplayBuffer
from zprl_env.training.collecting.interleaved import InterleavedReplayBuffer
from zprl_env.training.settings import memory

SEEN, DONE = gym.spaces.Box(0, 255, (84, 84, 3), np.uint8), gym.spaces.Box(-1, 1, (8,), np.float32)
BUFFERS = [ChunkReplayBuffer, AlternatingReplayBuffer, InterleavedReplayBuffer]


@pytest.mark.parametrize("kind", BUFFERS)
def test_more_rows_than_there_is_memory_for_are_refused_with_what_they_take(kind, monkeypatch):
    monkeypatch.setattr(memory, "memory", lambda: 2.0**20)
    with pytest.raises(ConfigurationError, match=r"at most 24 here: a decision takes 42386 bytes"):
        kind(25, SEEN, DONE, device="cpu", gamma=0.9)
    kind(24, SEEN, DONE, device="cpu", gamma=0.9)


def test_a_decision_takes_as_many_bytes_as_its_arrays():
    buffer = ChunkReplayBuffer(10, SEEN, DONE, device="cpu", gamma=0.9)
    arrays = [part for part in vars(buffer).values() if isinstance(part, np.ndarray)]
    assert sum(part.nbytes for part in arrays) == 10 * memory.bytes_each(SEEN, DONE)


def test_the_memory_is_the_machine_s_or_its_container_s(tmp_path, monkeypatch):
    machine = memory.memory()
    assert 2**28 < machine < 2**50
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(memory, "LIMITS", (tmp_path / "none", limit))
    limit.write_text("1000000\n")
    assert memory.memory() == 1e6
    limit.write_text("max\n")
    assert memory.memory() >= machine
