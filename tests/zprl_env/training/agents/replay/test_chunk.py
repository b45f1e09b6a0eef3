"""Targets of the replay buffer, against sums written out by hand."""

from __future__ import annotations

from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
import pytest
from stable_baselines3.common.buffers import ReplayBuffer

from zprl_env.training.agents.replay import ChunkReplayBuffer, end_trajectories

GAMMA = 0.9
SPACES = (gym.spaces.Box(-1e6, 1e6, (1,), np.float32), gym.spaces.Box(-1.0, 1.0, (1,), np.float32))


class Decision(NamedTuple):
    reward: float = 0.0
    env_steps: int = 4
    terminated: bool = False
    truncated: bool = False


def fill(buffer: ReplayBuffer, decisions: list[Decision]) -> None:
    """Store decisions; observation i is i, and its successor i + 0.5."""
    for index, decision in enumerate(decisions):
        infos = [{"env_steps": decision.env_steps, "TimeLimit.truncated": decision.truncated}]
        buffer.add(
            np.array([[index]], np.float32),
            np.array([[index + 0.5]], np.float32),
            np.array([[index / 100]], np.float32),
            np.array([decision.reward]),
            np.array([decision.terminated or decision.truncated]),
            infos * buffer.n_envs,
        )


def chunk_buffer(decisions: list[Decision], n_steps: int = 1, size: int = 100) -> ChunkReplayBuffer:
    buffer = ChunkReplayBuffer(size, *SPACES, "cpu", gamma=GAMMA, n_steps=n_steps)
    fill(buffer, decisions)
    return buffer


def targets(buffer: ReplayBuffer, rows: list[int], value: float) -> np.ndarray:
    """r + (1 - done) discount Q(s'), as SAC computes it, with Q = ``value`` everywhere."""
    batch = buffer._get_samples(np.array(rows))
    return (batch.rewards + (1 - batch.dones) * batch.discounts * value).numpy()[:, 0]


EPISODE = [
    Decision(reward=0.5),
    Decision(reward=0.25, env_steps=3, truncated=True),
    Decision(reward=1.0, env_steps=2, terminated=True),
    Decision(reward=2.0),
]


def test_a_decision_discounts_by_the_environment_steps_it_took():
    buffer = chunk_buffer(EPISODE)
    expected = [
        0.5 + GAMMA**4 * 10,
        0.25 + GAMMA**3 * 10,  # a time-out is bootstrapped, with its own exponent
        1.0,  # success is not
        2.0 + GAMMA**4 * 10,
    ]
    np.testing.assert_allclose(targets(buffer, [0, 1, 2, 3], 10.0), expected, rtol=1e-6)


def test_everything_but_the_discount_is_what_stable_baselines_stores():
    theirs = ReplayBuffer(100, *SPACES, "cpu")
    fill(theirs, EPISODE)
    rows = np.array([3, 1, 2, 0, 1])
    ours = chunk_buffer(EPISODE)._get_samples(rows)
    for name, value in theirs._get_samples(rows)._asdict().items():
        if name != "discounts":
            np.testing.assert_array_equal(getattr(ours, name), value, err_msg=name)
            assert getattr(ours, name).dtype == value.dtype
    assert ours.discounts.dtype == ours.rewards.dtype


@pytest.mark.parametrize("n_steps", [1, 2, 3, 7])
def test_n_step_targets_are_the_discounted_sums_of_one_episode(n_steps):
    rng = np.random.default_rng(n_steps)
    decisions = [
        Decision(rng.normal(), int(rng.integers(1, 5)), rng.random() < 0.1, rng.random() < 0.1)
        for _ in range(60)
    ]
    decisions = [d._replace(truncated=d.truncated and not d.terminated) for d in decisions]
    buffer = chunk_buffer(decisions, n_steps)

    def expected(row: int) -> float:
        total, discount = 0.0, 1.0
        for decision in decisions[row : row + n_steps]:
            total += discount * decision.reward
            discount *= GAMMA**decision.env_steps
            if decision.terminated:
                return total
            if decision.truncated:
                break
        return total + discount * 10.0

    rows = list(range(60))
    np.testing.assert_allclose(
        targets(buffer, rows, 10.0), [expected(row) for row in rows], rtol=1e-5
    )


def test_n_step_targets_do_not_run_from_the_newest_decision_into_the_oldest():
    buffer = chunk_buffer([Decision(reward=float(i)) for i in range(7)], n_steps=3, size=5)
    assert buffer.full
    assert buffer.pos == 2
    batch = buffer._get_samples(np.array([1, 0, 4]))  # decisions 6, 5, 4 live there
    newest, one, two = batch.next_observations.numpy()[:, 0]
    assert (newest, one, two) == (6.5, 6.5, 6.5)
    np.testing.assert_allclose(
        targets(buffer, [1, 4], 10.0),
        [6 + GAMMA**4 * 10, 4 + GAMMA**4 * 5 + GAMMA**8 * 6 + GAMMA**12 * 10],
        rtol=1e-6,
    )


def test_a_reset_ends_what_n_step_targets_run_over():
    buffer = chunk_buffer([Decision(reward=1.0)] * 2, n_steps=3)
    end_trajectories(buffer)
    fill(buffer, [Decision(reward=100.0)] * 2)
    expected = [1 + GAMMA**4 + GAMMA**8 * 10, 1 + GAMMA**4 * 10]
    np.testing.assert_allclose(targets(buffer, [0, 1], 10.0), expected, rtol=1e-6)


def test_ending_a_trajectory_changes_neither_a_true_end_nor_an_empty_buffer():
    buffer = chunk_buffer([])
    end_trajectories(buffer)
    assert not buffer.dones.any()
    fill(buffer, [Decision(terminated=True)])
    end_trajectories(buffer)
    assert targets(buffer, [0], 10.0) == [0.0]


def test_the_discount_stays_with_its_environment():
    buffer = ChunkReplayBuffer(40, *SPACES, "cpu", n_envs=2, gamma=GAMMA)
    for row in range(20):
        observations = np.array([[2 * row], [2 * row + 1]], np.float32)
        infos = [{"env_steps": 1 + row % 4}, {"env_steps": 5}]
        zeros = np.zeros(2)
        buffer.add(observations, observations, np.zeros((2, 1)), zeros, zeros, infos)
    batch = buffer.sample(200)
    rows, columns = np.divmod(batch.observations.numpy()[:, 0].astype(int), 2)
    steps = np.where(columns == 1, 5, 1 + rows % 4)
    assert set(columns) == {0, 1}
    np.testing.assert_allclose(batch.discounts.numpy()[:, 0], GAMMA**steps, rtol=1e-6)


def tell(buffer: ReplayBuffer, successes: list[bool]) -> None:
    """Store episodes of three decisions that end in success or not; observation i is at row i."""
    for success in successes:
        for step in range(3):
            over = step == 2
            index = np.array([[buffer.pos]], np.float32)
            infos = [{"env_steps": 4, "is_success": success and over}]
            buffer.add(index, index, index / 100, np.zeros(1), np.array([over]), infos)


def test_a_share_of_a_sample_is_of_episodes_that_succeeded():
    buffer = ChunkReplayBuffer(100, *SPACES, "cpu", gamma=GAMMA, success_share=0.5)
    tell(buffer, [False, False])
    assert buffer.sample(50).observations.max() <= 5  # as long as there is none, of all
    tell(buffer, [False, True, False, False, False, False])
    assert np.flatnonzero(buffer.succeeded).tolist() == [9, 10, 11]
    seen = buffer.sample(1000).observations.numpy()[:, 0]
    assert set(seen[:500]) == {9.0, 10.0, 11.0}
    assert np.isin(seen[500:], [9, 10, 11]).mean() < 0.3


def test_an_episode_that_was_overwritten_is_forgotten():
    buffer = ChunkReplayBuffer(7, *SPACES, "cpu", gamma=GAMMA, success_share=1.0)
    tell(buffer, [True, True, False, True])
    # Rows 0 to 6 hold decisions 7 to 11 at 0 to 4, and 5 and 6.
    assert np.flatnonzero(buffer.succeeded).tolist() == [2, 3, 4, 5]
    tell(buffer, [False, False])
    assert np.flatnonzero(buffer.succeeded).tolist() == [4]


def test_a_time_limit_may_be_an_end():
    buffer = ChunkReplayBuffer(9, *SPACES, "cpu", gamma=GAMMA, handle_timeout_termination=False)
    fill(buffer, EPISODE)
    np.testing.assert_allclose(targets(buffer, [0, 1], 10.0), [0.5 + 0.9**4 * 10, 0.25])


@pytest.mark.parametrize(
    ("end", "kept"),
    [
        ({"outcome": "failure"}, 3),
        ({"outcome": "stop"}, 2),  # the decision in which the arms were stopped is left out
        ({"outcome": "cut off"}, 2),
        ({"outcome": "abort"}, 0),  # worth nothing
        ({"outcome": "failure", "before": "success"}, 3),
        ({"outcome": "success", "before": "stop"}, 2),
    ],
)
def test_what_is_kept_of_an_episode_on_a_robot_is_what_its_outcome_says(end, kept):
    buffer = ChunkReplayBuffer(100, *SPACES, "cpu", gamma=0.9)
    size = SPACES[0].shape[0]
    for episode in ({"outcome": "success"}, end):
        for step in range(3):
            done = step == 2
            info = {"env_steps": 2, "is_success": False, **({"outcome": episode} if done else {})}
            seen = np.zeros((1, size), np.float32)
            action = np.zeros((1, *SPACES[1].shape), np.float32)
            buffer.add(seen, seen, action, np.zeros(1), np.array([done]), [info])
    assert buffer.size() == 3 + kept
    assert buffer.dones[buffer.size() - 1, 0] == 1.0  # nothing runs on into the next episode


@pytest.mark.parametrize("looks_on", [True, False])
def test_a_decision_that_was_lost_with_its_worker_is_not_learned_from(looks_on):
    buffer = ChunkReplayBuffer(
        10, *SPACES, "cpu", 2, gamma=GAMMA, n_steps=2, handle_timeout_termination=looks_on
    )
    lost: dict[str, Any] = {
        "lost": "the worker has died",
        "env_steps": 0,
        "TimeLimit.truncated": True,
    }
    known: dict[str, Any] = {"env_steps": 4, "TimeLimit.truncated": False}
    columns = np.array([[1.0], [9.0]], np.float32)
    for infos in ([known, known], [known, lost], [lost, lost]):
        ends = np.array([info is lost for info in infos])
        buffer.add(columns, columns + 0.5, columns / 100, columns[:, 0], ends, infos)
    assert buffer.size() == 2
    assert buffer.observations[:2, :, 0].tolist() == [[1.0, 9.0], [1.0, 1.0]]
    # Of the first environment two decisions lead on; of the second each is a trajectory by itself.
    drawn = [_many(buffer, row) for row in (0, 1)]
    assert drawn == [{(round(1.0 + GAMMA**4, 4), 0.0), (9.0, 0.0)}, {(1.0, 0.0)}]


def _many(buffer: ReplayBuffer, row: int) -> set[tuple[float, float]]:
    """Rewards and ends of a row's samples, from whichever environment they are."""
    batch = buffer._get_samples(np.full(64, row))
    pairs = zip(batch.rewards[:, 0].tolist(), batch.dones[:, 0].tolist(), strict=True)
    return {(round(reward, 4), done) for reward, done in pairs}
