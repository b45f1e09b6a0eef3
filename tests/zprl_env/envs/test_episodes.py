"""Every episode has a seed of its own, which follows from the first seed and its number."""

from __future__ import annotations

import numpy as np
import pytest

from tests.helpers.recording_env import RecordingEnv
from zprl_env.envs.episodes import EPISODE, EPISODE_SEED, SeededEpisodes, episode_seed


@pytest.fixture
def env() -> SeededEpisodes:
    return SeededEpisodes(RecordingEnv())


def test_seeds_are_far_from_those_of_evaluations_and_all_different():
    seeds = [episode_seed(seed, episode) for seed in range(20) for episode in range(20)]
    assert len({*seeds}) == 400
    assert min(seeds) >= 2**31
    assert max(seeds) < 2**32


def test_an_episode_is_the_one_of_its_number_however_it_is_come_to(env):
    episodes = [env.reset(seed=5), *(env.reset() for _ in range(3))]
    assert [info[EPISODE] for _, info in episodes] == [0, 1, 2, 3]
    assert [info[EPISODE_SEED] for _, info in episodes] == [episode_seed(5, i) for i in range(4)]
    env.reset(seed=5)
    env.continue_at(3)
    again, info = env.reset()
    assert info[EPISODE] == 3
    np.testing.assert_array_equal(again, episodes[3][0])


def test_the_number_is_chosen_once(env):
    env.continue_at(7)
    assert [env.reset(seed=1)[1][EPISODE], env.reset()[1][EPISODE]] == [7, 8]
    assert env.reset(seed=1)[1][EPISODE] == 0


def test_without_a_seed_two_environments_go_their_own_ways():
    first, second = (SeededEpisodes(RecordingEnv()).reset()[1][EPISODE_SEED] for _ in range(2))
    assert first != second
