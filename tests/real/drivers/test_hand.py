"""A gripper whose calls are slow holds nobody up, and is told its newest goal."""

from __future__ import annotations

import threading
import time

import pytest

from real.drivers.hand import Hand
from real.robot import RobotError


def wait_for(done):
    until = time.monotonic() + 10.0
    while not done():
        assert time.monotonic() < until
        time.sleep(0.002)


def test_goals_that_come_while_it_is_busy_are_left_out_but_for_the_newest():
    told, free = [], threading.Event()

    def act(goal):
        told.append(goal)
        return free.is_set

    hand = Hand(lambda: 0.5, act, binary=True)
    hand.grip(0.9)
    wait_for(lambda: told == [1])
    for opening in (0.1, 0.8, 0.2):
        began = time.monotonic()
        hand.grip(opening)
        assert time.monotonic() - began < 1.0
    time.sleep(0.05)
    assert told == [1]
    free.set()
    wait_for(lambda: told == [1, 0])
    hand.close()


def test_what_is_told_already_is_not_told_again():
    told: list[float] = []
    hand = Hand(lambda: 2.0, told.append)
    for _ in range(5):
        hand.grip(0.3)
        time.sleep(0.02)
    assert told == [0.3]
    assert hand.measured() == 1.0  # of 0 to 1
    hand.close()


def test_one_that_fails_says_so_when_it_is_measured():
    ended = []

    def fail(goal):
        raise OSError("no hand")

    hand = Hand(lambda: 0.5, fail, end=lambda: ended.append(True))
    hand.grip(0.0)
    wait_for(lambda: hand._error)
    with pytest.raises(RobotError, match=r"must answer\. Got: no hand"):
        hand.measured()
    hand.close()
    assert ended == [True]
