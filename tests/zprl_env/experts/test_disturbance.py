"""What is executed is disturbed; what is shown is what was meant."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest

from zprl_env.errors import ZprlError
from zprl_env.experts import Quality
from zprl_env.experts.disturbance import HESITATION, PUSH, Disturbance
from zprl_env.experts.performance import Stage, operator_for

HANDS = (slice(0, 3), slice(4, 6))


def executed(level: float, steps: int, seed: int = 0, meant: float = 0.5) -> np.ndarray:
    disturb = Disturbance(level, HANDS, np.random.default_rng(seed))
    return np.array([disturb(np.full(7, meant, np.float32)) for _ in range(steps)])


def test_at_level_zero_nothing_happens():
    np.testing.assert_array_equal(executed(0.0, 50), np.full((50, 7), 0.5, np.float32))


def test_fingers_are_left_alone_and_commands_stay_in_range():
    actions = executed(5.0, 500, meant=1.0)
    np.testing.assert_array_equal(actions[:, [3, 6]], 1.0)
    assert np.abs(actions).max() <= 1.0
    assert actions[:, :3].std() > 0.1


def test_pushes_have_the_size_they_say_and_last():
    actions = executed(0.5, 20_000, meant=0.0)
    pushes = actions[actions[:, 0] != 0.0, 0]
    assert pushes.std() == pytest.approx(0.5 * PUSH, rel=0.1)
    assert np.corrcoef(pushes[1:], pushes[:-1])[0, 1] > 0.7


def test_each_hand_hesitates_for_itself():
    still = executed(2.0, 2000)[:, [0, 4]] == 0.0
    assert still.any(axis=0).all()
    assert (still[:, 0] != still[:, 1]).any()
    edges = np.diff(np.concatenate([[0], still[:, 0], [0]]).astype(int))
    lengths = np.flatnonzero(edges == -1) - np.flatnonzero(edges == 1)
    assert lengths[:-1].min() >= HESITATION[0]


def test_a_hand_that_is_told_where_to_be_stays_there_when_it_hesitates():
    rng, hand = np.random.default_rng(0), [slice(0, 2)]
    disturb = Disturbance(2.0, hand, rng, absolute=True)
    shown = np.array([disturb(np.array([0.5, -0.5, 1.0], np.float32)) for _ in range(500)])
    still = (np.diff(shown[:, :2], axis=0) == 0.0).all(axis=1)
    assert still.sum() >= HESITATION[0]
    assert (shown[1:][still, 0] != 0.0).all()  # where 0 would be somewhere else
    assert (shown[:, 2] == 1.0).all()


def test_the_expert_makes_up_for_it_and_shows_what_it_meant():
    with (
        closing(Stage("Lift", 1.0, operator_for(0))) as calm,
        closing(Stage("Lift", 1.0, operator_for(0), disturbance=0.5)) as rough,
    ):
        undisturbed = calm.perform(3, Quality())
        disturbed, again = (rough.perform(3, Quality()) for _ in range(2))
    assert undisturbed.success
    assert disturbed.success
    np.testing.assert_array_equal(disturbed.trajectory.actions, again.trajectory.actions)
    # The first action is meant in the same state; what comes of it is not the same.
    np.testing.assert_array_equal(
        disturbed.trajectory.actions[0], undisturbed.trajectory.actions[0]
    )
    key = "robot0_eef_pos"
    ways = [episode.trajectory.observations[key][:20] for episode in (disturbed, undisturbed)]
    assert np.abs(ways[0] - ways[1]).max() > 0.002


def test_an_expert_without_hands_is_not_disturbed():
    with pytest.raises(ZprlError, match=r"disturbance must be 0 for door, .* Got: 0\.5"):
        Stage("door", 1.0, operator_for(0), disturbance=0.5)
