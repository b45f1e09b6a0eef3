"""An episode follows from its seed, whatever was performed before it."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest

from zprl_env.errors import UnknownNameError, ZprlError
from zprl_env.experts import Quality
from zprl_env.experts.performance import Stage, demonstration_seed, operator_for


@pytest.fixture
def stage(point_task):
    with closing(Stage(point_task, skill=0.5, operator=operator_for(0))) as stage:
        yield stage


def test_an_episode_does_not_depend_on_those_before_it(stage):
    first = stage.perform(3)
    stage.perform(4)
    again = stage.perform(3)
    assert (first.seed, first.quality) == (3, again.quality)
    np.testing.assert_array_equal(first.trajectory.actions, again.trajectory.actions)


def test_what_is_shown_is_what_was_seen_before_each_action(stage):
    trajectory = stage.perform(3, Quality()).trajectory
    place, actions = trajectory.observations["position"][:, :2], trajectory.actions
    np.testing.assert_allclose(place[1:], place[:-1] + 0.1 * actions[:-1], atol=1e-6)
    assert trajectory.dones.tolist() == [False] * (len(actions) - 1) + [True]
    assert trajectory.success
    assert trajectory.rewards.tolist() == [0.0] * (len(actions) - 1) + [1.0]


def test_who_misjudges_the_place_fails_at_the_time_limit(stage):
    episode = stage.perform(3, Quality(grasp_offset=(0.2, 0.2, 0.0)))
    assert not episode.success
    assert len(episode.trajectory) == 20


def test_recordings_share_no_episode_and_none_with_an_evaluation():
    seeds = [demonstration_seed(seed, index) for seed in (0, 1, 99) for index in (0, 9999)]
    assert seeds == [0, 9999, 10_000, 19_999, 990_000, 999_999]
    for seed, index in ((-1, 0), (100, 0)):
        with pytest.raises(ZprlError, match=rf"seed must lie in 0 to 99\. Got: {seed}"):
            demonstration_seed(seed, index)
    with pytest.raises(ZprlError, match=r"number must lie in 0 to 9999\. Got: 10000"):
        demonstration_seed(0, 10_000)


def test_who_cannot_be_is_refused(point_task):
    with pytest.raises(ZprlError, match=r"operator's seed must not be negative\. Got: -1"):
        operator_for(-1)
    with pytest.raises(ZprlError, match=r"disturbance must be 0 for Point, .* Got: 1\.0"):
        Stage(point_task, 0.5, operator_for(0), disturbance=1.0)
    with pytest.raises(UnknownNameError, match="'Pont'; did you mean 'Point'"):
        Stage("Pont", 0.5, operator_for(0))
