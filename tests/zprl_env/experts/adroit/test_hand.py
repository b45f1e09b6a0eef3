"""The hand's commands and the arm's reach are those of the simulation."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("gymnasium_robotics", reason="needs the adroit extra")

from zprl_env.experts.adroit.hand import AdroitHand, Grip, reach


@pytest.mark.parametrize("task", ["door", "hammer", "pen"])
def test_the_hand_knows_the_ranges_of_its_actuators(stages, task):
    model, _ = stages[task].env.unwrapped._simulation()
    hand = AdroitHand(task)
    np.testing.assert_allclose(np.stack([hand.low, hand.high], 1), model.actuator_ctrlrange)


def test_the_arm_reaches_where_the_simulation_puts_the_palm(stages):
    stages["door"].env.reset(seed=0)
    model, data = stages["door"].env.unwrapped._simulation()
    import mujoco

    wanted = np.array([0.05, 0.12, 0.25])
    arm = reach(wanted, 0.7, (-0.1, -0.3), np.zeros(4))
    data.qpos[:6] = [*arm, -0.1, -0.3]
    mujoco.mj_forward(model, data)
    np.testing.assert_allclose(data.site("S_grasp").xpos, wanted, atol=2e-3)


def test_a_grip_spreads_the_outer_fingers_and_curls_all():
    joints = Grip(curl=(0.1, 0.2, 0.3), thumb=(1.0, 2.0, 3.0, 4.0, 5.0), spread=0.4).joints()
    first, middle, ring, little = joints[0:4], joints[4:8], joints[8:12], joints[12:17]
    for finger in (first, middle, ring, little):
        assert finger[-3:].tolist() == [0.1, 0.2, 0.3]
    assert [first[0], middle[0], ring[0], little[1]] == [0.4, 0.0, -0.4, -0.4]
    assert joints[17:].tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]


def test_a_command_beyond_a_joint_s_range_is_its_end():
    hand = AdroitHand("pen")
    np.testing.assert_array_equal(hand.action(hand.high + 1.0), np.ones(24, np.float32))
    np.testing.assert_allclose(hand.action((hand.low + hand.high) / 2), 0.0, atol=1e-7)


def test_a_place_out_of_reach_ends_at_the_arm_s_limits():
    slide, pitch, yaw, roll = reach(np.array([0.0, 9.0, 0.0]), 0.2, (0.0, 0.0), np.zeros(4))
    assert (slide, roll) == (0.9, 0.2)
    assert max(abs(pitch), abs(yaw)) <= 1.0
