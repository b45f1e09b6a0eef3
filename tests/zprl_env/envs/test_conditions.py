"""What every environment refuses is refused in the same words."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import ClosedEnvironmentError, ResetNeeded

from zprl_env.envs.conditions import check_open, check_render_mode, check_running, checked_action
from zprl_env.errors import InvalidActionError, UnknownNameError

SPACE = gym.spaces.Box(-1.0, 1.0, (2,))


def test_an_action_comes_back_as_the_same_numbers_even_outside_of_the_bounds():
    action = checked_action(np.array([0.25, 3.0], np.float32), SPACE)
    assert (action.dtype, action.tolist()) == (np.float64, [0.25, 3.0])


@pytest.mark.parametrize(
    ("action", "complaint"),
    [
        (np.zeros(3), r"must have shape \(2,\), got \(3,\)"),
        (np.zeros((1, 2)), r"must have shape \(2,\), got \(1, 2\)"),
        ([0.0, np.inf], r"must be finite, got \[0.0, inf\]"),
        ("up", "must be numbers, got 'up'"),
        ([[0.0], [1.0, 2.0]], "must be numbers"),
    ],
)
def test_an_action_that_is_none_is_named(action, complaint):
    with pytest.raises(InvalidActionError, match=f"an action {complaint}"):
        checked_action(action, SPACE)


def test_reset_needs_an_open_environment_and_step_an_episode():
    check_open(False)
    check_running(True)
    with pytest.raises(ClosedEnvironmentError, match="needs an open environment; make a new one"):
        check_open(True)
    with pytest.raises(ResetNeeded, match=r"call reset\(\) first"):
        check_running(False)


def test_a_render_mode_is_one_of_those_known_or_none():
    check_render_mode(None, ["rgb_array"])
    check_render_mode("rgb_array", ["rgb_array"])
    with pytest.raises(UnknownNameError, match="unknown render mode 'human'"):
        check_render_mode("human", ["rgb_array"])
