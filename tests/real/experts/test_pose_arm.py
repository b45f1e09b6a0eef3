"""An arm that is told poses is moved as a teleoperator's hand would."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from real.experts.pose_arm import LEAD, WIDEST, PoseArm
from real.tasks.coordinates import Coordinates
from real.tasks.files import load_preset
from real.tasks.layout import ActionLayout
from zprl_env.experts.robosuite.arm import CLOSED, OPEN, SMOOTHING

PRESET = load_preset("place-orange")
LAYOUT, COORDINATES = ActionLayout(PRESET), Coordinates(PRESET)
HERE = np.array([0.42, 0.0, 0.28])


def observation(yaw=0.0, opening=1.0):
    """A hand that points down and is turned about the vertical."""
    turned = Rotation.from_rotvec([0.0, 0.0, yaw]) * Rotation.from_rotvec([np.pi, 0.0, 0.0])
    rows = turned.as_matrix()[:2].ravel()
    return {"position": HERE, "rotation_6d": rows, "gripper": np.array([opening])}


@pytest.fixture
def arm():
    arm = PoseArm(PRESET)
    arm.observe(observation())
    return arm


def told(arm, goal, grip=OPEN, turn=0.0, speed=1.0):
    """The coordinates that the action stands for."""
    action = arm.towards(np.asarray(goal), grip, turn=turn, speed=speed)
    assert (action.shape, action.dtype) == ((8,), np.float32)
    return LAYOUT.target(action, LAYOUT.home)[0]


def test_it_sees_where_the_fingers_meet_how_they_are_turned_and_how_far_apart():
    arm = PoseArm(PRESET)
    arm.observe(observation(yaw=0.4, opening=0.5))
    np.testing.assert_array_equal(arm.position, HERE)
    assert arm.yaw == pytest.approx(0.4)
    assert arm.gap == pytest.approx(0.5 * WIDEST)


@pytest.mark.parametrize("speed", [0.25, 1.0])
def test_it_leads_the_hand_by_no_more_than_the_person_s_speed(speed, arm):
    goal = HERE + np.array([0.0, 0.3, 0.0])
    leads = [told(arm, goal, speed=speed)[1] for _ in range(40)]
    # Smoothed from rest: 1 - s^n of the way after n steps.
    expected = LEAD * speed * (1.0 - SMOOTHING ** np.arange(1, 41))
    np.testing.assert_allclose(leads, expected, atol=1e-6)


def test_near_the_goal_it_leads_by_what_is_left(arm):
    goal = HERE + np.array([0.02, 0.0, -0.01])
    for _ in range(40):
        sent = told(arm, goal)
    np.testing.assert_allclose(sent[:3], goal, atol=1e-6)
    arm.reset()
    np.testing.assert_allclose(told(arm, goal)[:3], HERE + 0.5 * (goal - HERE), atol=1e-6)


@pytest.mark.parametrize(("turn", "turned"), [(0.1, 0.1), (-0.1, -0.1), (1.0, 0.15), (-1.0, -0.15)])
def test_it_turns_about_the_vertical_as_far_as_the_speed_allows(turn, turned):
    arm = PoseArm(PRESET)
    arm.observe(observation(yaw=0.4))
    sent = told(arm, HERE, turn=turn, speed=0.5)
    quaternion = COORDINATES.quaternion(sent[None, 3:6])[0]
    rows = Rotation.from_quat(np.roll(quaternion, -1)).as_matrix()
    np.testing.assert_allclose(np.arctan2(rows[1, 0], rows[0, 0]), 0.4 + turned, atol=1e-6)
    assert rows[2, 2] == pytest.approx(-1.0)


@pytest.mark.parametrize(("grip", "opening"), [(OPEN, 1.0), (CLOSED, 0.0)])
def test_the_gripper_is_open_or_closed(grip, opening, arm):
    assert told(arm, HERE, grip)[6] == opening


def test_an_action_never_leaves_its_space(arm):
    arm.observe(observation() | {"position": np.array([5.0, 0.0, -5.0])})
    action = arm.towards(np.array([9.0, 0.0, -9.0]), OPEN, turn=0.0, speed=1.0)
    assert np.abs(action).max() == 1.0
