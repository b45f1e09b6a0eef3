"""Actions are compared with the range of the environment that they are meant for."""

import re
import sys

import gymnasium as gym
import numpy as np
import pytest

from policies.demonstrations.action_range import (
    ActionRange,
    _gym_id,
    range_notes,
    range_of,
    stated_range,
)
from policies.errors import ConfigurationError
from tests.helpers.demonstrations import env_args
from zprl_env.tasks import TASKS

LIFT = ActionRange("Lift", -np.ones(1), np.ones(1))
RNG = np.random.default_rng(0)
GOOD = RNG.uniform(-1, 1, (50, 3))


def with_column(values):
    return np.column_stack([GOOD, values])


@pytest.mark.parametrize(
    ("actions", "said"),
    [
        (50 * GOOD, r"actions 0 to 2 go from -[\d.]+ to [\d.]+, and Lift takes \[-1, 1\]: \d+%"),
        (with_column(np.full(50, 255.0)), "action 3 goes from 255 to 255, and Lift takes"),
        (with_column(GOOD[:, 0] * 1.2), "action 3 goes"),
        (with_column(RNG.integers(0, 2, 50)), r"action 3 is 0 or 1, .* gripper in \{0, 1\}"),
        (with_column(np.ones(50)), None),
        (with_column(np.zeros(50)), None),
        (with_column(np.sign(GOOD[:, 0])), None),
        (GOOD, None),
        (0.01 * GOOD, r"within 2% of \[-1, 1\], which Lift takes: are they meant in another unit"),
    ],
)
def test_what_the_environment_would_not_understand_is_said(actions, said):
    notes = range_notes(actions, LIFT)
    if said is None:
        assert notes == []
    else:
        assert len(notes) == 1
        assert re.search(said, notes[0])


def test_another_number_of_actions_is_said():
    arm = ActionRange("Lift", -np.ones(7), np.ones(7))
    assert range_notes(GOOD, arm) == ["an action has 3 numbers, and Lift takes 7"]


def test_a_file_says_for_which_range_it_was_recorded():
    lift = stated_range(env_args())
    assert lift is not None
    assert (lift.of, lift.text()) == ("Lift", "[-1, 1]")
    pendulum = stated_range({"env_name": "Pendulum-v1", "type": 2, "env_kwargs": {}})
    assert pendulum is not None
    assert pendulum.text() == "[-2, 2]"
    bounds = stated_range({}, (np.zeros(2), np.array([1.0, 5.0])))
    assert bounds is not None
    assert bounds.text() == "[0, 1], [0, 5]"


@pytest.mark.parametrize("name", ["os:system", "evil_package:Id-v0", "../x", "", 7, "NoSuch-v0"])
def test_what_a_file_names_is_not_imported_and_not_believed(name):
    assert stated_range({"env_name": name, "type": 2}) is None


def test_absolute_poses_have_no_range_of_one():
    assert stated_range(env_args(input_type="absolute")) is None


@pytest.mark.parametrize("name", sorted(TASKS))
def test_every_task_is_found_by_its_name(name):
    assert _gym_id(name, gym) == TASKS[name].id


def test_what_the_suites_write_is_found_again():
    assert _gym_id("box-close-v3", gym) == "ZPRL-BoxClose-v0"
    assert _gym_id("AdroitHandDoor-v1", gym) in ("AdroitHandDoor-v1", "ZPRL-AdroitDoor-v0")


def test_an_unknown_environment_is_refused_by_name():
    with pytest.raises(ConfigurationError, match=r"env must be a task or a gymnasium id.*'Lfit'"):
        range_of("Lfit")
    with pytest.raises(ConfigurationError, match="must be a Box"):
        range_of("CartPole-v1")


def test_without_gymnasium_a_file_states_nothing_and_a_name_is_refused(monkeypatch):
    """As on a machine that has a GPU to train on and nothing else."""
    monkeypatch.setitem(sys.modules, "gymnasium", None)
    assert stated_range({"env_name": "box-close", "type": 3}) is None
    with pytest.raises(ConfigurationError, match="install gymnasium"):
        range_of("box-close")
