"""The agent is told what is committed: what will be executed when its decision begins."""

from __future__ import annotations

import warnings

import gymnasium as gym
import numpy as np
import pytest

from zprl_env.ahead.committed import AHEAD, Committed
from zprl_env.errors import DelayWarning

SPACE = gym.spaces.Box(np.array([-2.0, -np.inf]), np.array([2.0, np.inf]), dtype=np.float64)


def told(steps, committed, needed=None):
    return {"env_steps": steps, AHEAD: {"committed": committed, "needed": needed}}


def chunk(first, rows=6):
    """Actions that are told apart: k, and 10 k."""
    count = first + np.arange(rows)[:, None]
    return (count * np.array([[0.1, 10.0]])).astype(np.float32)


def test_before_the_first_decision_nothing_is_committed_and_that_is_said():
    committed = Committed(2, 4, SPACE)
    assert committed.size == 5
    assert committed.rows(range(2)).tolist() == [[0.0] * 5] * 2


def test_it_is_what_follows_on_the_executed_actions_in_the_range_of_the_action():
    committed = Committed(2, 4, SPACE)
    committed.note(chunk(0)[None], [told(4, 2)])
    first, second, share = np.split(committed.rows([0])[0], [2, 4])
    assert first == pytest.approx([0.2, 40.0])  # 0.4 of 2, and as it is without bounds
    assert second == pytest.approx([0.25, 50.0])
    assert share == pytest.approx(2 / 4)


def test_of_an_episode_that_a_limit_cut_short_it_is_what_would_have_come_next():
    committed = Committed(2, 4, SPACE)
    committed.note(chunk(0)[None], [told(4, 2)])
    committed.note(chunk(10)[None], [told(1, 2)])  # cut after the first of what was committed
    left = committed.rows([0])[0, :4]
    assert left[1] == pytest.approx(50.0)  # the second one of it
    assert left[3] == pytest.approx(120.0)  # then the new chunk, from its third action on


def test_what_was_dropped_is_masked_by_the_last_executed_action():
    committed = Committed(2, 4, SPACE)
    committed.note(chunk(0)[None], [told(3, 0)])
    *held, share = committed.rows([0])[0]
    assert held == pytest.approx([0.1, 20.0, 0.1, 20.0])
    assert share == 0.0


def test_actions_beyond_the_bounds_are_told_as_they_are_executed():
    committed = Committed(1, 1, SPACE)
    committed.note(chunk(100, rows=2)[None], [told(1, 1)])
    assert committed.rows([0])[0, 0] == 1.0


def test_every_environment_has_its_own_and_an_episode_begins_without():
    committed = Committed(1, 4, SPACE)
    committed.note(np.stack([chunk(0, 5), chunk(1, 5)]), [told(4, 1)] * 2)
    assert committed.rows([1, 0])[:, 1].tolist() == [50.0, 40.0]
    committed.forget([1])
    assert committed.rows([0, 1])[:, 1].tolist() == [40.0, 0.0]


@pytest.mark.parametrize(
    ("needed", "horizon", "words"),
    [
        (3, 16, r"after 2 actions.*Got: 3, .*Try delay=3"),
        (9, 16, r"No such delay fits: .*room for"),
    ],
)
def test_decisions_that_take_longer_than_stated_are_told_of_once(needed, horizon, words):
    committed = Committed(2, 4, SPACE)
    with pytest.warns(DelayWarning, match=words):
        committed.check([told(4, 2, needed)], horizon)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        committed.check([told(4, 2, needed)], horizon)
        Committed(2, 4, SPACE).check([told(4, 2, 2), told(4, 2)], horizon)
