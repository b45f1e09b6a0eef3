"""Demonstrations of a robosuite before 1.5 are refused, or converted as far as that goes."""

import numpy as np
import pytest

from policies.demonstrations import Demonstrations
from policies.errors import DemonstrationError
from tests.helpers.demonstrations import env_args, write_robomimic


@pytest.mark.parametrize("version", ["1.4.1", None])
def test_an_old_robosuites_file_is_refused_with_what_differs(tmp_path, version):
    path = write_robomimic(tmp_path / "old.hdf5", env_args(version=version))
    said = "recorded with robosuite .*gripper_to_cube_pos points the other way.*--old-robosuite"
    with pytest.raises(DemonstrationError, match=said):
        Demonstrations.load(path)
    assert len(Demonstrations.load(path, old_robosuite="keep").trajectories) == 4


def test_lifts_object_is_converted_as_robosuite_1_5_orders_it(tmp_path):
    path = write_robomimic(tmp_path / "old.hdf5", env_args(version="1.4.1"))
    before, after = (
        Demonstrations.load(path, old_robosuite=how).trajectories[0] for how in ("keep", "convert")
    )
    old, new = before.observations["object"], after.observations["object"]
    np.testing.assert_array_equal(new[:, :7], old[:, :7])
    np.testing.assert_array_equal(new[:, 7:], -old[:, 7:])
    np.testing.assert_array_equal(after.actions, before.actions)


def test_a_converted_file_is_one_of_robosuite_1_5_and_says_where_it_comes_from(tmp_path):
    old = env_args(version="1.4.1")
    read = Demonstrations.load(write_robomimic(tmp_path / "old.hdf5", old), old_robosuite="convert")
    read.save(tmp_path / "new.hdf5")
    again = Demonstrations.load(tmp_path / "new.hdf5")
    assert again.env_args["env_version"] == "1.5"
    assert again.env_args["converted_from"] == old


@pytest.mark.parametrize("task", ["PickPlaceCan", "NutAssemblySquare"])
def test_relative_poses_come_first_in_1_5(tmp_path, task):
    path = write_robomimic(
        tmp_path / "old.hdf5", env_args(task, "1.4.1"), sizes=(("object", 14), ("x", 1))
    )
    old, new = (
        Demonstrations.load(path, ("object",), old_robosuite=how).trajectories[0]
        for how in ("keep", "convert")
    )
    expected = np.roll(old.observations["object"], 7, axis=1)
    np.testing.assert_array_equal(new.observations["object"], expected)


def test_two_facing_robots_actions_are_turned_into_their_bases_frames(tmp_path):
    args = env_args("TwoArmTransport", "1.4.1", robots=("Panda", "Panda"))
    path = write_robomimic(tmp_path / "old.hdf5", args, sizes=(("object", 41),), actions=14)
    old, new = (
        Demonstrations.load(path, old_robosuite=how).trajectories[0].actions
        for how in ("keep", "convert")
    )
    for start, angle in ((0, np.pi / 2), (3, np.pi / 2), (7, -np.pi / 2), (10, -np.pi / 2)):
        base = np.array(
            [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
        )
        in_world = new[:, start : start + 3] @ base.T
        np.testing.assert_allclose(in_world, old[:, start : start + 3], atol=1e-6)
    np.testing.assert_array_equal(new[:, [6, 13]], old[:, [6, 13]])


def test_a_1_5_file_in_the_worlds_frame_needs_conversion_with_two_robots_only(tmp_path):
    one = env_args(input_ref_frame="world")
    Demonstrations.load(write_robomimic(tmp_path / "one.hdf5", one))
    two = env_args("TwoArmTransport", robots=("Panda", "Panda"), input_ref_frame="world")
    path = write_robomimic(tmp_path / "two.hdf5", two, sizes=(("object", 41),), actions=14)
    with pytest.raises(DemonstrationError, match="meant in the world's frame"):
        Demonstrations.load(path)
    kept, converted = (
        Demonstrations.load(path, old_robosuite=how).trajectories[0] for how in ("keep", "convert")
    )
    np.testing.assert_array_equal(kept.observations["object"], converted.observations["object"])
    np.testing.assert_array_equal(converted.actions[:, 0], kept.actions[:, 1])


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (env_args(version="1.2.0"), r"only files of robosuite 1\.4 .* Got: env_version 1\.2\.0"),
        (env_args(version=None), r"only files of robosuite 1\.4 .* Got: env_version None"),
        (env_args("ToolHang", "1.4.1"), "only .*'Lift'.* can be converted. Got: ToolHang"),
        (env_args(version="1.4.1", control_delta=False), "only delta actions of OSC_POSE"),
        (env_args(version="1.4.1", type="JOINT_VELOCITY"), "only delta actions of OSC_POSE"),
    ],
)
def test_what_cannot_be_converted_is_said(tmp_path, args, message):
    with pytest.raises(DemonstrationError, match=message):
        Demonstrations.load(write_robomimic(tmp_path / "old.hdf5", args), old_robosuite="convert")


@pytest.mark.parametrize("task", ["Lift", "PickPlaceCan"])
def test_the_installed_robosuite_orders_object_as_the_conversion_does(task):
    from policies.demonstrations.robosuite_versions import _OBJECT

    suite = pytest.importorskip("zprl_env.envs.robosuite.env", reason="needs the robosuite extra")
    pytest.importorskip("robosuite", reason="needs the robosuite extra")
    env = suite.RobosuiteEnv(task)
    observables = env._env._observables
    order = [
        name
        for name, seen in observables.items()
        if seen.modality == "object" and seen.is_active() and seen.is_enabled()
    ]
    env.close()
    parts = [name.lstrip("-") for name in _OBJECT[task][1]]
    assert [name.replace("robot0_", "").replace("Can_", "") for name in order] == parts
