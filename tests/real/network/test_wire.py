"""SERL's numbers and ours are the same poses, velocities and openings."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from real.network.wire import GRIPPERS, ArmFrame, additions, arm_urls, gripper_wire
from real.tasks.files import load_preset
from zprl_env.errors import UnknownNameError

FRAME = ArmFrame(np.array([0.3, -0.4, 0.1]), 0.7)
TURN = Rotation.from_rotvec([0.0, 0.0, 0.7])


@pytest.fixture(params=range(5))
def pose(request):
    """Somewhere in the robot's frame: position and scipy's rotation."""
    rng = np.random.default_rng(request.param)
    return rng.normal(size=3), Rotation.random(random_state=request.param)


def test_a_pose_is_seen_from_the_arm_s_base_as_scipy_has_it(pose):
    position, orientation = pose
    wire = FRAME.to_wire(position, np.roll(orientation.as_quat(), 1))
    np.testing.assert_allclose(wire[:3], TURN.inv().apply(position - FRAME.base), atol=1e-12)
    seen = Rotation.from_quat(wire[3:])  # x, y, z, w, as on the wire
    assert (seen.inv() * TURN.inv() * orientation).magnitude() < 1e-12


def test_it_is_found_again_whatever_the_quaternion_s_length(pose):
    position, orientation = pose
    quaternion = np.roll(orientation.as_quat(), 1)
    wire = FRAME.to_wire(position, quaternion)
    wire[3:] *= 1.005  # digits that were lost on the way
    back, turned = FRAME.from_wire(wire)
    np.testing.assert_allclose(back, position, atol=1e-12)
    np.testing.assert_allclose(turned, quaternion, atol=1e-12)


def test_velocities_turn_with_the_base_and_do_not_shift(pose):
    linear, angular = pose[0], pose[0][::-1]
    wire = FRAME.velocity_to_wire(linear, angular)
    turned = [TURN.inv().apply(linear), TURN.inv().apply(angular)]
    np.testing.assert_allclose(wire, np.concatenate(turned), atol=1e-12)
    np.testing.assert_allclose(FRAME.velocity_from_wire(wire), [linear, angular], atol=1e-12)


def test_an_arm_s_frame_is_where_the_preset_mounts_it():
    arm = load_preset("open-box").arms[1]
    frame = ArmFrame.of(arm)
    assert (frame.base.tolist(), frame.yaw) == ([*arm.base], arm.base_yaw)


@pytest.mark.parametrize("name", GRIPPERS)
def test_openings_are_found_again_from_counts_and_readings(name):
    gripper = GRIPPERS[name]
    for opening in np.linspace(0.0, 1.0, 11):
        assert gripper.from_reading(gripper.to_reading(opening)) == pytest.approx(opening)
        counts = gripper.to_counts(opening)
        assert isinstance(counts, int)
        assert gripper.from_counts(counts) == pytest.approx(opening, abs=0.5 / 204)


@pytest.mark.parametrize("name", GRIPPERS)
def test_beyond_open_and_closed_there_is_nothing(name):
    gripper = GRIPPERS[name]
    assert gripper.to_counts(-0.5) == gripper.to_counts(0.0)
    assert gripper.to_counts(1.5) == gripper.to_counts(1.0)
    closed, opened = gripper.reading
    assert gripper.from_reading(2 * closed - opened) == 0.0
    assert gripper.from_reading(2 * opened - closed) == 1.0


def test_a_gripper_counts_as_hil_serl_s_does_unless_it_is_said():
    orange, egg = (load_preset(name).arms[0] for name in ("place-orange", "flip-egg"))
    assert (orange.gripper, egg.gripper) == ("robotiq_85", "panda")
    assert gripper_wire(None, orange) is GRIPPERS["robotiq"]
    assert gripper_wire(None, egg) is GRIPPERS["franka"]
    assert gripper_wire("franka-metres", orange) is GRIPPERS["franka-metres"]
    with pytest.raises(UnknownNameError, match="unknown gripper 'robotic'; did you mean 'robotiq'"):
        gripper_wire("robotic", orange)


def test_addresses_are_one_per_arm_or_one_for_all():
    assert arm_urls("http://a:1/", 1) == ("http://a:1",)
    assert arm_urls("http://a:1/", 2) == ("http://a:1/arm0", "http://a:1/arm1")
    assert arm_urls(" http://a:1 , http://b:2/ ", 2) == ("http://a:1", "http://b:2")


@pytest.mark.parametrize("said", [{}, {"zprl": None}, {"zprl": [1.0]}, {"pose": []}])
def test_who_adds_nothing_is_serl_s_own(said):
    assert additions(said) == {}


def test_what_our_server_adds_is_found():
    assert additions({"pose": [], "zprl": {"age": 0.1}}) == {"age": 0.1}
