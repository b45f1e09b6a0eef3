"""A stick that is not heard moves nothing, and no page's end gives the arms back."""

from __future__ import annotations

import numpy as np
import pytest

from real.console.hands import Hands, HandsError

UP = [0.0, 0.0, 1.0, 0.0, 0.0, 0.0]


class Time:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def hands(time):
    hands = Hands(time)
    hands.begin(2)
    return hands


def test_the_stick_moves_the_arm_that_it_is_of(hands):
    hands.take(True)
    assert hands.move("a", 5.0, 1, UP, 0.25)
    said = hands.said(7.0)
    assert (said.mine, said.stamp) == (True, 7.0)
    assert said.rate.tolist() == [[0.0] * 6, UP]
    assert np.isnan(said.gripper[0])
    assert said.gripper[1] == 0.25


def test_a_stick_that_is_not_heard_anew_moves_nothing_and_keeps_the_arms(hands, time):
    hands.take(True)
    hands.move("a", 5.0, 0, UP)
    time.now += 0.21
    said = hands.said(7.0)
    assert (said.rate, said.mine) == (None, True)
    assert said.stamp == pytest.approx(6.79)


def test_what_was_long_on_its_way_or_comes_late_is_not_heard(hands, time):
    assert hands.move("a", 5.00, 0, UP)
    time.now += 0.05
    assert hands.move("a", 5.05, 0, UP)
    time.now += 1.0
    assert not hands.move("a", 5.80, 0, UP)  # 0.25 s longer on its way than the quickest
    assert hands.said(0.0).rate is None
    assert hands.move("a", 6.05, 0, UP)
    assert not hands.move("a", 6.04, 0, [0.0] * 6)
    assert hands.move("b", 1.0, 0, [0.0] * 6)  # another page has another time
    assert not hands.said(0.0).rate.any()


@pytest.mark.parametrize(
    ("arm", "rate"), [(2, UP), (-1, UP), (0, UP[:5]), (0, [2.0] * 6), (0, [float("nan")] * 6)]
)
def test_what_is_no_motion_is_refused(hands, arm, rate):
    with pytest.raises(HandsError, match="must move one of 2 arms"):
        hands.move("a", 1.0, arm, rate)
    assert hands.said(0.0).rate is None


def test_whoever_takes_the_arms_or_gives_them_back_lets_go_of_the_stick(hands):
    hands.move("a", 5.0, 0, UP, 0.0)
    hands.take(True)
    assert hands.said(0.0).rate is None
    assert np.isnan(hands.said(0.0).gripper).all()
    hands.begin(2)
    assert not hands.mine
