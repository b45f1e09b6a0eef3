"""Pictures that are taken when somebody looks, and never on their own."""

from __future__ import annotations

import copy
import pickle

import gymnasium as gym
import numpy as np
import pytest

from zprl_env.envs.cameras.lazy import LazyObservation, lazy_pictures, whole

PICTURE = np.full((8, 8, 3), 7, np.uint8)


@pytest.fixture
def taken() -> list[int]:
    return []


@pytest.fixture
def seen(taken) -> LazyObservation:
    def take():
        taken.append(1)
        return {"front": PICTURE}

    return LazyObservation({"state": np.zeros(2)}, ("front",), take)


def test_names_and_states_are_read_without_taking_a_picture(seen, taken):
    assert [*seen] == [*seen.keys()] == ["state", "front"]
    assert ("front" in seen, len(seen), seen["state"].shape) == (True, 2, (2,))
    assert seen.get("state") is seen["state"]
    assert taken == []


@pytest.mark.parametrize(
    "look",
    [
        lambda seen: seen["front"],
        lambda seen: seen.get("front"),
        lambda seen: dict(seen)["front"],
        lambda seen: {**seen}["front"],
        lambda seen: {"more": 1, **seen}["front"],
        lambda seen: dict(seen.items())["front"],
        lambda seen: [*seen.values()][1],
        lambda seen: seen.copy()["front"],
        lambda seen: copy.copy(seen)["front"],
        lambda seen: copy.deepcopy(seen)["front"],
        lambda seen: pickle.loads(pickle.dumps(seen))["front"],
        lambda seen: (seen | {"more": 1})["front"],
        lambda seen: ({"more": 1} | seen)["front"],
        lambda seen: {key: seen[key] for key in seen}["front"],
        lambda seen: seen.pop("front"),
        lambda seen: whole(seen)["front"],
    ],
)
def test_however_it_is_read_the_picture_is_there_and_was_taken_once(seen, taken, look):
    np.testing.assert_array_equal(look(seen), PICTURE)
    assert taken == [1]
    seen.get("front")
    assert taken == [1]


def test_what_is_whole_is_a_plain_dictionary_in_the_same_order(seen):
    assert type(whole(seen)) is dict
    assert [*whole(seen)] == ["state", "front"]
    assert whole("anything else") == "anything else"


def test_an_environment_without_cameras_is_left_alone():
    with lazy_pictures(gym.make("Pendulum-v1")) as nothing:
        assert nothing is None
