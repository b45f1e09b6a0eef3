"""Hands that a chunk was in, put together from its steps."""

from __future__ import annotations

import warnings
from copy import deepcopy

import numpy as np
import pytest

from zprl_env.envs.takeover import (
    PERSON,
    POLICY,
    TAKEOVER,
    Audience,
    hands_in,
    hands_of,
    helped,
)
from zprl_env.errors import SimulationError


def step(by, helped=False):
    return {"by": by, "action": np.array([1.0, 2.0]), "helped": helped}


@pytest.mark.parametrize(
    ("who", "whose"),
    [((POLICY, POLICY), "policy"), ((PERSON,), "person"), ((POLICY, PERSON), "both")],
)
def test_a_chunk_belongs_to_whoever_made_all_of_it(who, whose):
    hands = hands_of([step(by) for by in who], cut=False)
    assert hands is not None
    assert hands.whose == whose
    assert hands.actions.shape == (len(who), 2)
    assert hands.actions.dtype == np.float32


def test_where_nobody_can_take_over_there_is_nothing_to_tell():
    assert hands_of([], cut=True) is None
    assert hands_in({TAKEOVER: {"by": POLICY}}) is None  # of a single step
    assert not helped({"is_success": True})


@pytest.mark.parametrize(
    ("told", "expected"), [([step(POLICY), {}], False), ([{}, step(PERSON)], True), ([{}], True)]
)
def test_a_step_that_does_not_tell_passes_for_nobody_s(told, expected):
    with pytest.raises(SimulationError, match=rf"Got: 1 of {len(told)} steps that do not"):
        hands_of(told, cut=False, expected=expected)


def test_an_episode_that_was_helped_stays_so():
    hands = hands_of([step(POLICY, helped=True)], cut=False)
    assert helped({TAKEOVER: hands})


def test_a_person_s_chunk_that_nobody_asks_about_is_warned_of_once():
    audience = Audience()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for by in (POLICY, PERSON, POLICY):
            hands = hands_of([step(by)], cut=False)
            audience.tell(hands)
            hands_in(deepcopy({TAKEOVER: hands}))  # as Stable-Baselines3 hands it on
        audience.tell(None)
        for by in (POLICY, PERSON):
            audience.tell(hands_of([step(by)], cut=False))
    with pytest.warns(UserWarning, match="nobody asked whose they were.*ChunkReplayBuffer"):
        audience.tell(hands_of([step(PERSON)], cut=False))
    audience.tell(None)
