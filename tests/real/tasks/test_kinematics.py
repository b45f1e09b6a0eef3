"""Joints say where the tool is; derivatives, a way back, and every wrong file is named."""

from __future__ import annotations

import numpy as np
import pytest

from real.tasks.files import load_preset
from real.tasks.kinematics import ArmKinematics, find_model
from zprl_env.errors import ConfigurationError, UnknownNameError

ARM = load_preset("place-orange-joints").arms[0]


def arm(**changes):
    assert ARM.kinematics is not None
    kinematics = ARM.kinematics.model_copy(update=changes)
    return ARM.model_copy(update={"kinematics": kinematics})


def test_the_jacobian_is_the_derivative_of_the_pose():
    kinematics, rng = ArmKinematics(ARM), np.random.default_rng(0)
    for _ in range(5):
        joints = ARM.posture + rng.uniform(-0.3, 0.3, 7)
        rows, small = kinematics.jacobian(joints), 1e-6
        found = [
            (kinematics.position(joints + small * unit) - kinematics.position(joints)) / small
            for unit in np.eye(7)
        ]
        np.testing.assert_allclose(rows[:3], np.transpose(found), atol=1e-5)


def test_a_pose_that_joints_reach_is_reached_from_beside_them():
    kinematics, rng = ArmKinematics(ARM), np.random.default_rng(1)
    joints = ARM.posture + rng.uniform(-0.2, 0.2, 7)
    position, quaternion = kinematics.pose(joints)
    found = kinematics.reach(position, quaternion, ARM.posture, ARM.posture)
    there, turned = kinematics.pose(found)
    np.testing.assert_allclose(there, position, atol=2e-3)
    assert abs(turned @ quaternion) > 0.9999


def test_a_base_that_is_turned_and_moved_turns_and_moves_the_tool():
    turned = ARM.model_copy(update={"base": (1.0, 0.0, 0.5), "base_yaw": np.pi / 2})
    x, y, z = ArmKinematics(ARM).position(ARM.posture)
    np.testing.assert_allclose(
        ArmKinematics(turned).position(ARM.posture), [1.0 - y, x, z + 0.5], atol=1e-12
    )


def test_what_a_file_does_not_have_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"one of xarm7\.xml\. Got: no\.xml"):
        find_model("no.xml")
    with pytest.raises(UnknownNameError, match="site or body"):
        ArmKinematics(arm(tool="tol"))
    with pytest.raises(UnknownNameError, match="joint of"):
        ArmKinematics(arm(joints=("nothing",)))
    with pytest.raises(ConfigurationError, match="must have the 9 joints"):
        ArmKinematics(ARM.model_copy(update={"joints": 9}))
    broken = tmp_path / "broken.xml"
    broken.write_text("<mujoco><worldbody>")
    with pytest.raises(ConfigurationError, match="that MuJoCo reads"):
        ArmKinematics(arm(file=str(broken)))
    with pytest.raises(ConfigurationError, match="must name the file"):
        ArmKinematics(ARM.model_copy(update={"kinematics": None}))
