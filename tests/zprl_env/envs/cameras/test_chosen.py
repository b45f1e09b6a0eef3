"""Parts of the state beside pictures, as a policy takes them."""

from typing import Any

import pytest

from tests.helpers import seen
from zprl_env.envs.cameras.chosen import ChosenState, chosen_state
from zprl_env.errors import PolicyMismatchError
from zprl_env.steering.chunking import ActionChunkWrapper


def test_what_a_policy_knows_of_the_state_is_chosen_in_its_order():
    env: Any = chosen_state(seen.SeenEnv(observation="both"), ["speed", "height"])
    observation, _ = env.reset(seed=0)
    assert env.observation_space.contains(observation)
    assert observation["state"].tolist()[:2] == [0.5, 0.5]
    assert env.observation_keys == {"speed": slice(0, 2), "height": slice(2, 3)}


def test_pictures_are_still_taken_once_per_chunk():
    inside = seen.SeenEnv(observation="both")
    env = ActionChunkWrapper(ChosenState(inside, ["height"]), 3)
    env.reset(seed=0)
    before = inside.taken
    observation, *_ = env.step(env.action_space.sample())
    assert inside.taken == before + 1
    assert observation["front"].shape == (40, 44, 3)


def test_an_environment_with_nothing_to_choose_stays_as_it_is():
    env = seen.SeenEnv()
    assert chosen_state(env, ["height", "speed"]) is env
    assert chosen_state(env, None) is env
    assert chosen_state(env, ["arm"]) is env


def test_a_part_that_is_not_there_is_named():
    with pytest.raises(PolicyMismatchError, match=r"without \['arm'\]. Its robot must be"):
        ChosenState(seen.SeenEnv(), ["height", "arm"])
