"""A worker that decides by itself plays the episodes of its environments, and no draws again."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from stable_baselines3.common.vec_env.base_vec_env import CloudpickleWrapper

from tests.helpers.point import PointEnv
from tests.helpers.small_model import make_small_model
from zprl_env.testing import LinearPolicy
from zprl_env.training.collecting.explorer import Design, design_of, weights_of
from zprl_env.training.collecting.player import Played, Player
from zprl_env.training.environment import group, training_parts
from zprl_env.training.settings.recipe import Recipe


@pytest.fixture(scope="module")
def learner() -> tuple[Design, bytes]:
    model, recipe = make_small_model(PointEnv(), warmup_noise=0.5)
    return design_of(model, recipe), weights_of(model)


@pytest.fixture
def player(point_task, learner) -> Any:
    """Makes a worker of some environments, which begin; and has it decide."""
    recipe = Recipe(n_action_steps=2, scale=0.5, noise="zero")
    make, steer = training_parts(point_task, LinearPolicy(3, 2), "latent", recipe)

    def begun(seed: int, episodes: list[int | None]) -> Any:
        worker = Player()
        worker._make(CloudpickleWrapper(partial(group, make, steer, len(episodes))))
        worker._begin(learner[0], seed, episodes)
        return worker

    return begun


def same(one: np.ndarray, other: np.ndarray) -> bool:
    return np.allclose(one, other, atol=1e-6)


def test_environments_that_are_spread_begin_the_episodes_that_they_begin_together(player):
    together = player(7, [None] * 3)._seen
    apart = [player(7, [None] * 2)._seen, player(9, [None])._seen]
    assert same(np.concatenate(apart), together)
    assert not same(together[0], together[1])


def test_whoever_takes_another_s_place_goes_on_with_later_episodes_and_other_draws(player):
    first, again, later = (player(7, [at]) for at in (None, None, 3))
    drawn: list[Played] = [worker._play(2, 0) for worker in (first, again, later)]
    np.testing.assert_array_equal(drawn[0].actions, drawn[1].actions)
    assert not np.array_equal(drawn[0].actions, drawn[2].actions)
    assert not same(drawn[0].observations[0], drawn[2].observations[0])
    assert drawn[2].episodes == [3]


def test_an_agent_decides_all_of_a_request_and_only_what_is_new_is_sent(player, learner):
    worker = player(7, [None])
    base = worker._play(2, 0)
    learned = worker._play(2, 4, learner[1])
    assert (base.version, learned.version) == (0, 4)
    assert worker._play(2, 4).version == 4
    np.testing.assert_array_equal(learned.observations[0], base.following[-1])


def test_a_decision_is_followed_by_what_came_of_it_and_not_by_the_next_episode(player):
    played = player(7, [None])._play(0, 0)
    assert played.dones[-1].all()
    assert not played.dones[:-1].any()
    np.testing.assert_array_equal(played.following[:-1], played.observations[1:])
    assert "terminal_observation" not in played.infos[-1][0]
    assert played.episodes == [1]
    for part in (played.observations, played.following, played.rewards):
        part += 0.0  # may be written to


@pytest.fixture(autouse=True)
def threads() -> Any:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)
