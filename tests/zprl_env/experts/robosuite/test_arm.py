"""An arm moves smoothly towards its goal, and reads its own part of the observation."""

import numpy as np
import pytest

from tests.helpers.hands import HAND, seen
from zprl_env.experts.robosuite.arm import CLOSED, OPEN, Arm, wrapped, yaw


def test_motion_is_smooth_limited_to_the_speed_and_ends_at_the_goal():
    arm, hand, speeds = Arm(), HAND.copy(), []
    for _ in range(60):
        arm.observe(seen(hand))
        action = arm.towards(np.array([0.3, -0.2, 0.9]), CLOSED, turn=0.0, speed=0.6)
        hand = hand + 0.02 * action[:3]
        speeds.append(np.linalg.norm(action[:3]))
    assert max(speeds) <= 0.6 + 1e-6
    assert speeds[0] == pytest.approx(0.3)
    np.testing.assert_allclose(hand, [0.3, -0.2, 0.9], atol=0.005)


def test_turning_is_slower_than_moving():
    arm = Arm()
    arm.observe(seen())
    assert arm.towards(HAND, OPEN, turn=-3.0, speed=0.6)[5] == pytest.approx(-0.3)


def test_a_second_arm_is_read_by_its_own_keys():
    arm = Arm("robot1_")
    arm.observe({key.replace("0", "1"): value for key, value in seen(gap=0.06).items()})
    np.testing.assert_array_equal(arm.position, HAND)
    assert arm.gap == pytest.approx(0.06)


def test_a_reset_brings_the_hand_to_rest():
    arm, actions = Arm(), []
    for _ in range(2):
        arm.reset()
        arm.observe(seen())
        actions.append(arm.towards(HAND + 0.1, OPEN, turn=0.0, speed=0.5))
    np.testing.assert_array_equal(actions[0], actions[1])


def test_yaw_turns_about_the_vertical_alone():
    half = 0.4
    flat = np.array([0.0, 0.0, np.sin(half), np.cos(half)])
    assert yaw(flat) == pytest.approx(0.8)
    assert yaw(np.array([1.0, 0.0, 0.0, 0.0])) == 0.0


@pytest.mark.parametrize(("angle", "expected"), [(3.5, 0.5), (-3.5, -0.5), (1.4, 1.4), (1.6, -1.4)])
def test_angles_are_taken_the_short_way(angle, expected):
    assert wrapped(angle, 3.0) == pytest.approx(expected)
