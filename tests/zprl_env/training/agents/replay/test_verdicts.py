"""A verdict that is changed, whenever that is, is what the replay buffer learns from."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from zprl_env.envs.outcomes import Verdict
from zprl_env.training.agents.replay import ChunkReplayBuffer

GAMMA = 0.9
SPACES = (gym.spaces.Box(-1.0, 1.0, (1,), np.float32), gym.spaces.Box(-1.0, 1.0, (1,), np.float32))


def add(buffer: ChunkReplayBuffer, verdict: Verdict | None = None, k: int = 4) -> None:
    """Store a decision of k steps that are rewarded in the last one, as Stable-Baselines3 does."""
    success = verdict is not None and verdict["outcome"] == "success"
    info: dict[str, Any] = {"env_steps": k, "is_success": success}
    if verdict is not None:
        info |= {"outcome": verdict, "TimeLimit.truncated": verdict["outcome"] == "time limit"}
    seen, reward = np.zeros((1, 1), np.float32), np.array([success * GAMMA ** (k - 1)])
    buffer.add(seen, seen, seen, reward, np.array([verdict is not None]), [deepcopy(info)])


def episode(buffer: ChunkReplayBuffer, outcome: str, k: int = 4) -> Verdict:
    """Store two decisions."""
    verdict = Verdict.of(outcome)
    add(buffer)
    add(buffer, verdict, k)
    return verdict


def row(buffer: ChunkReplayBuffer, number: int) -> tuple[float, bool, bool]:
    """Reward, whether nothing follows, and whether it is of a success."""
    ends = buffer.dones[number, 0] * (1 - buffer.timeouts[number, 0])
    return round(float(buffer.rewards[number, 0]), 5), bool(ends), bool(buffer.succeeded[number, 0])


@pytest.fixture
def buffer() -> ChunkReplayBuffer:
    return ChunkReplayBuffer(8, *SPACES, "cpu", gamma=GAMMA)


@pytest.mark.parametrize("before", ["success", "failure", "time limit"])
@pytest.mark.parametrize("after", ["success", "failure", "abort"])
def test_an_episode_is_stored_as_if_it_had_been_judged_so_at_once(buffer, before, after):
    first = episode(buffer, before, k=3)
    episode(buffer, "failure")
    first.change(after)
    add(buffer)
    success = after == "success"
    assert row(buffer, 1) == (round(success * GAMMA**2, 5), after != "abort", success)
    assert row(buffer, 0)[2] == success
    assert row(buffer, 3) == (0.0, True, False)


def test_a_reward_that_is_scaled_is_changed_by_as_much(buffer):
    buffer.success_reward = 5.0
    first = episode(buffer, "failure", k=1)
    first.change("success")
    add(buffer)
    assert row(buffer, 1) == (5.0, True, True)


def test_one_that_is_changed_back_is_what_it_was(buffer):
    first = episode(buffer, "success")
    stored = row(buffer, 1)
    for outcome in ("failure", "success"):
        first.change(outcome)
        add(buffer)
    assert row(buffer, 1) == stored


def test_one_that_was_changed_before_it_was_stored_is_stored_as_it_is_now(buffer):
    verdict = Verdict.of("failure")
    verdict.change("success")
    info = {"env_steps": 4, "is_success": False, "outcome": verdict}
    seen = np.zeros((1, 1), np.float32)
    buffer.add(seen, seen, seen, np.zeros(1), np.array([True]), [info])
    assert row(buffer, 0) == (round(GAMMA**3, 5), True, True)


def test_rows_that_hold_another_episode_by_now_stay_as_they_are(buffer):
    first = episode(buffer, "success")
    for _ in range(4):
        episode(buffer, "failure")
    stored = buffer.rewards.copy()
    first.change("failure")
    add(buffer)
    np.testing.assert_array_equal(buffer.rewards, stored)
