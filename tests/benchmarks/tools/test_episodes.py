"""Episodes are cut, recorded and replayed as they were."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.tools.episodes import Episode, cut, decisions, rate, record, steer
from tests.helpers.point import PointEnv
from zprl_env import ActionChunkWrapper, make_env
from zprl_env.errors import ZprlError
from zprl_env.loading.resolve import resolve_policy


def test_actions_are_cut_into_chunks_and_the_last_is_filled_up():
    first, last = cut(np.array([[1.0], [2.0], [3.0]]), 2)
    assert first.tolist() == [[1.0], [2.0]]
    assert last.tolist() == [[3.0], [3.0]]


def test_an_episode_that_does_not_repeat_itself_is_no_measurement():
    env = ActionChunkWrapper(PointEnv(), 2)
    episode = Episode(0, np.zeros((3, 2), np.float32))
    with pytest.raises(ZprlError, match=r"must repeat itself\. Got: 4 steps instead of 3"):
        rate(env, [episode], [list(cut(episode.actions, 2))])


def test_a_policy_takes_the_steps_that_were_recorded_of_it(point_task, point_policy):
    policy = resolve_policy(point_policy)
    episodes = record(make_env(point_task), policy, 2)
    assert [episode.seed for episode in episodes] == [0, 1]
    zeros = [[np.zeros(2)] * -(-len(episode.actions) // 2) for episode in episodes]
    assert rate(steer(make_env(point_task), policy), episodes, zeros) > 0


def test_pauses_come_where_the_policy_decides(point_task, point_policy):
    policy = resolve_policy(point_policy)
    (episode,) = record(make_env(point_task), policy, 1)
    seen = list(decisions(make_env(point_task), policy, 1))
    assert len(seen) == -(-len(episode.actions) // policy.n_action_steps)
    first, _ = make_env(point_task).reset(seed=0)
    np.testing.assert_array_equal(seen[0], first)
