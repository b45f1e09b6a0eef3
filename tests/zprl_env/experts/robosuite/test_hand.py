"""A hand is told where to go in the world, and goes there in its own arm's frame."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tests.helpers.hands import seen
from zprl_env.experts.robosuite.arm import CLOSED, OPEN
from zprl_env.experts.robosuite.hand import Hand, nearest_half_turn, rotation


def hand(*, ahead=0.0, gap=0.03, position=(0.4, 0.0, 1.0)):
    found = Hand("robot0", base=(0.0, 0.0), ahead=ahead)
    found.observe(seen(position, gap=gap))
    return found


def test_an_arm_that_looks_another_way_is_told_the_same_way_in_its_own_frame():
    action = next(hand(ahead=np.pi / 2).move(lambda: np.array([0.4, 0.2, 1.0]), OPEN))
    np.testing.assert_allclose(action[:3], [0.5, 0.0, 0.0], atol=1e-6)
    assert action[6] == OPEN


def test_a_motion_ends_near_its_goal_or_out_of_patience():
    here = np.array([0.4, 0.0, 1.0])
    assert list(hand().move(lambda: here, CLOSED, tolerance=0.01)) == []
    assert len(list(hand().move(lambda: here + 1.0, CLOSED, tolerance=0.01, at_most=7))) == 7


@pytest.mark.parametrize(("gap", "held"), [(0.002, False), (0.03, True), (0.08, False)])
def test_a_hand_holds_what_keeps_its_fingers_apart(gap, held):
    assert hand(gap=gap).holds(np.array([0.4, 0.0, 1.0])) is held
    assert not hand(gap=gap).holds(np.array([0.5, 0.0, 1.0]))


def test_rotations_are_scipy_s():
    for turn in Rotation.random(20, random_state=0):
        np.testing.assert_allclose(rotation(2.0 * turn.as_quat()), turn.as_matrix(), atol=1e-12)


@pytest.mark.parametrize(
    ("angle", "expected"), [(2.0, 2.0 - np.pi), (-0.4, -0.4), (7.0, 7.0 - 2.0 * np.pi)]
)
def test_half_turns_are_alike_to_two_fingers(angle, expected):
    assert nearest_half_turn(angle) == pytest.approx(expected)


def test_a_hand_that_stays_goes_nowhere_for_as_long_as_it_is_told():
    actions = np.array(list(hand().stay(OPEN, 4)))
    assert actions.shape == (4, 7)
    np.testing.assert_allclose(actions[:, :3], 0.0, atol=1e-9)
