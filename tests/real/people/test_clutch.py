"""Whatever a device's pose is, the arms begin where they are and follow what it does."""

from __future__ import annotations

import numpy as np
import pytest

from real.people.clutch import LEAD, TOOL, Clutch
from real.people.teleoperator import Input, TeleoperatorError
from real.tasks.coordinates import Coordinates, coordinates_of
from real.tasks.files import load_preset
from real.tasks.kinematics import ArmKinematics

POSES, JOINTS = load_preset("place-orange"), load_preset("place-orange-joints")


def let_in(preset, speed=1.0):
    clutch, here = Clutch(preset, speed), coordinates_of(preset).home
    clutch.let_in(here)
    return clutch, here


def rate(**axes):
    values = np.zeros((1, 6))
    for name, value in axes.items():
        values[0, ("x", "y", "z", "roll", "pitch", "yaw").index(name)] = value
    return Input(0.0, mine=True, rate=values)


def test_a_full_deflection_is_the_share_of_the_largest_speed_and_more_is_no_more():
    for deflection in (1.0, 7.0):
        clutch, here = let_in(POSES, speed=0.4)
        moved = clutch.follow(rate(y=-deflection), here) - here
        assert moved[0, 1] == pytest.approx(-0.4 * POSES.arms[0].safety.velocity / 60.0)
        assert not np.delete(moved[0], 1).any()


def test_rotation_is_about_the_axes_of_the_base():
    clutch, here = let_in(POSES)
    for _ in range(30):
        here = clutch.follow(rate(yaw=1.0), here)
    turned = Coordinates(POSES).command(here).quaternion[0]
    angle = 30 * POSES.arms[0].safety.angular_velocity / 60.0
    # Home looks down: half a turn about x, and then the yaw.
    expected = [0.0, np.cos(angle / 2), np.sin(angle / 2), 0.0]
    np.testing.assert_allclose(turned * np.sign(turned[1]), expected, atol=1e-9)


def test_a_leader_is_followed_relative_to_where_both_were():
    clutch, here = let_in(POSES)
    far = here + np.array([0.3, -0.2, 0.1, 0.2, 0.1, 0.4, 0.0])
    np.testing.assert_array_equal(clutch.follow(Input(0.0, mine=True, leader=far), here), here)
    far[0, 0] += 0.01
    moved = clutch.follow(Input(0.0, mine=True, leader=far), here) - here
    assert moved[0, 0] == pytest.approx(0.01)
    assert not np.delete(moved[0], 0).any()


def test_a_leader_that_was_lost_begins_anew_from_wherever_it_is():
    clutch, here = let_in(JOINTS)
    leader = here.copy()
    clutch.follow(Input(0.0, mine=True, leader=leader), here)
    clutch.slip()
    leader = leader + 0.1
    leader[:, -1] = here[:, -1]
    np.testing.assert_array_equal(clutch.follow(Input(0.0, mine=True, leader=leader), here), here)


def test_a_leaders_gripper_is_followed_from_where_it_meets_the_arms():
    clutch, here = let_in(JOINTS)
    here[:, -1] = 0.2  # it holds something
    clutch.let_in(here)
    openings = []
    for opening in (1.0, 0.8, 0.5, 0.25, 0.15, 0.6):
        leader = here.copy()
        leader[:, -1] = opening
        openings.append(clutch.follow(Input(0.0, mine=True, leader=leader), here)[0, -1])
    assert openings == [0.2, 0.2, 0.2, 0.25, 0.15, 0.6]


def test_openings_that_are_no_number_leave_the_gripper():
    clutch, here = let_in(POSES)
    closed = clutch.follow(Input(0.0, mine=True, gripper=np.array([0.0])), here)
    left = clutch.follow(Input(0.0, mine=True, gripper=np.array([np.nan])), here)
    assert (closed[0, -1], left[0, -1]) == (0.0, 0.0)


def test_the_target_stands_when_the_arm_does_not_follow():
    clutch, here = let_in(POSES)
    for _ in range(600):
        target = clutch.follow(rate(x=1.0, roll=-1.0), here)
    safety = POSES.arms[0].safety
    assert target[0, 0] - here[0, 0] == pytest.approx(LEAD * safety.velocity)
    assert np.abs(target - here)[0, 3:6].max() <= LEAD * safety.angular_velocity + 1e-9


def test_a_tool_can_be_moved_where_joints_are_commanded():
    clutch, here = let_in(JOINTS, speed=0.2)
    kinematics = ArmKinematics(JOINTS.arms[0])
    before = kinematics.position(here[0, :-1])
    for _ in range(30):
        here = clutch.follow(rate(z=1.0), here)
    moved = kinematics.position(here[0, :-1]) - before
    wanted = 30 * 0.2 * TOOL / 60.0
    np.testing.assert_allclose(moved, [0.0, 0.0, wanted], atol=0.1 * wanted)


def test_without_kinematics_that_is_refused():
    (arm,) = JOINTS.arms
    bare = JOINTS.model_copy(update={"arms": (arm.model_copy(update={"kinematics": None}),)})
    clutch, here = let_in(bare)
    with pytest.raises(TeleoperatorError, match="needs the arm's kinematics"):
        clutch.follow(rate(x=1.0), here)
