"""Rows of many environments in any order are sampled as if each environment were alone."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from zprl_env.training.agents.replay import ChunkReplayBuffer, end_trajectories
from zprl_env.training.collecting.interleaved import AGE, SOURCE, VERSION, InterleavedReplayBuffer
from zprl_env.training.run.replay_file import load_replay, save_replay

BOX = gym.spaces.Box(-1, 1, (2,), np.float32)


def buffer(kind: Any = InterleavedReplayBuffer, size: int = 40, **kwargs: Any) -> Any:
    made = {"gamma": 0.9, "n_steps": 3} | kwargs
    return kind(size, BOX, BOX, device="cpu", handle_timeout_termination=True, **made)


def add(into: Any, source: int, step: int, done: bool = False, success: bool = False) -> None:
    """Decision ``step`` of an environment; its observation says which it is."""
    info = {SOURCE: source, VERSION: step, AGE: 2 * step, "env_steps": 1 + step % 3}
    info |= {"is_success": success, "TimeLimit.truncated": done and not success}
    seen = [np.full((1, 2), [source / 10, at / 100], np.float32) for at in (step, step + 1)]
    action, reward = np.zeros((1, 2), np.float32), np.array([float(step)])
    into.add(*seen, action, reward, np.array([done]), [info])


def sampled(of: Any, rows: list[int]) -> list[np.ndarray]:
    return [part.numpy() for part in of._get_samples(np.array(rows))]


@pytest.mark.parametrize("size", [40, 7])
def test_one_environment_s_are_chunk_replay_buffer_s_to_the_bit(size):
    ours, theirs = buffer(size=size), buffer(ChunkReplayBuffer, size=size)
    for each in (ours, theirs):
        for step in range(12):
            add(each, 0, step, done=step in (4, 9), success=step == 9)
    rows = list(range(min(size, 12)))
    for mine, other in zip(sampled(ours, rows), sampled(theirs, rows), strict=True):
        np.testing.assert_array_equal(mine, other)
    np.testing.assert_array_equal(ours.succeeded, theirs.succeeded)


def test_each_of_several_is_followed_through_the_others():
    ours, order = buffer(), [0, 1, 1, 0, 2, 0, 1, 0, 2, 2]
    steps = dict.fromkeys(order, 0)
    for source in order:
        add(ours, source, steps[source], done=(source, steps[source]) == (1, 1))
        steps[source] += 1
    linked = ours.following[: len(order)]
    np.testing.assert_array_equal(linked, [3, 2, -1, 5, 8, 7, -1, -1, 9, -1])
    for row, following in enumerate(linked):
        if following >= 0:
            np.testing.assert_array_equal(ours.next_observations[row], ours.observations[following])
    # Environment 0 from its first decision: r0 + 0.9 r1 + 0.9^3 r2, and three later its own.
    _, _, following, dones, rewards, _ = sampled(ours, [0, 1])
    assert rewards[0, 0] == pytest.approx(0 + 0.9 * 1 + 0.9**3 * 2)
    np.testing.assert_allclose(following[0], [0.0, 0.03])
    assert rewards[1, 0] == pytest.approx(0.9 * 1)  # a time limit, at which it looks on
    assert dones[1, 0] == 0
    assert ours.ages[7] == 6
    assert ours.versions[7] == 3


def test_a_trajectory_that_ended_has_no_next_decision():
    ours = buffer()
    add(ours, 0, 0)
    add(ours, 1, 0)
    ours.end(0)
    add(ours, 0, 5)
    add(ours, 1, 1)
    assert ours.following[:4].tolist() == [-1, 3, -1, -1]
    end_trajectories(ours)
    add(ours, 1, 2)
    assert ours.following[3] == -1


def test_rows_that_are_overwritten_are_followed_by_nobody():
    ours = buffer(size=4)
    add(ours, 9, 0)  # says nothing more
    for step in range(6):
        add(ours, step % 2, step // 2)
    assert not {*ours._newest} & {9}
    for row, following in enumerate(ours.following):
        if following >= 0:
            assert ours.before[following] == row
            np.testing.assert_array_equal(ours.next_observations[row], ours.observations[following])
    assert sum(ours.following >= 0) == 2


def test_success_marks_the_episode_through_the_others():
    ours = buffer(success_share=0.5)
    for step in range(3):
        add(ours, 0, step, done=step == 2, success=step == 2)
        add(ours, 1, step)
    assert ours.succeeded[:6, 0].tolist() == [True, False, True, False, True, False]


def test_it_is_saved_and_loaded_with_its_links_and_ages(tmp_path):
    ours, again = buffer(), buffer()
    for step in range(4):
        add(ours, step % 2, step // 2)
    save_replay(tmp_path / "replay", ours)
    load_replay(tmp_path / "replay", again)
    for name in ("following", "before", "ages", "versions", "observations"):
        np.testing.assert_array_equal(getattr(again, name)[:4], getattr(ours, name)[:4])
    add(again, 0, 9)  # of another episode
    assert again.following[2] == -1


def test_a_decision_in_which_an_arm_was_stopped_is_left_out():
    ours = buffer()
    add(ours, 0, 0)
    info = {SOURCE: 0, "env_steps": 1, "outcome": {"outcome": "stop"}}
    zeros = np.zeros((1, 2), np.float32)
    ours.add(zeros, zeros, zeros, np.zeros(1), np.ones(1, bool), [info])
    assert ours.size() == 1
    add(ours, 0, 0)
    assert ours.following[0] == -1
