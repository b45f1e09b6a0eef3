import json

import h5py
import numpy as np
import pytest

from policies.demonstrations import Demonstrations, content_hash, verify_content
from policies.errors import DemonstrationError
from policies.imitation.config import PretrainConfig
from policies.pretrain import pretrain

OLD_CONTROLLER = {
    "type": "OSC_POSE",
    "input_max": 1,
    "input_min": -1,
    "output_max": [0.05, 0.05, 0.05, 0.5, 0.5, 0.5],
    "output_min": [-0.05, -0.05, -0.05, -0.5, -0.5, -0.5],
    "kp": 150,
    "damping": 1,
    "impedance_mode": "fixed",
    "control_delta": True,
}


def env_args(task="Lift", version="1.5.1", robots=("Panda",), **controller):
    """What robomimic writes for a robosuite of this version."""
    part = {**OLD_CONTROLLER, **controller}
    if version is not None and version >= "1.5":
        part = {"type": "BASIC", "body_parts": {"right": {**part, "gripper": {"type": "GRIP"}}}}
    kwargs = {"robots": list(robots), "controller_configs": part, "reward_shaping": False}
    found = {"env_name": task, "env_version": version, "type": 1, "env_kwargs": kwargs}
    return {name: value for name, value in found.items() if value is not None}


def write(path, args, episodes=4, sizes=(("object", 10), ("robot0_eef_pos", 3)), actions=7):
    """A file as robomimic writes it, with images, absolute actions and filter keys."""
    rng = np.random.default_rng(0)
    with h5py.File(path, "w") as file:
        file.create_group("data").attrs["env_args"] = json.dumps(args)
        for i in range(episodes):
            group = file.create_group(f"data/demo_{i}")
            group["actions"] = rng.uniform(-1, 1, (5, actions))
            group["actions_abs"] = group["actions"][()] + 10
            group["rewards"] = np.array([0.0, 0.0, 0.0, 0.0, i % 2])
            group["dones"] = np.array([0, 0, 0, 0, 1])
            for key, size in sizes:
                group[f"obs/{key}"] = rng.normal(size=(5, size))
            image = rng.integers(0, 256, (5, 8, 8, 3), dtype=np.uint8)
            group.create_dataset("obs/agentview_image", data=image, compression="gzip")
            group.create_dataset("obs/agentview_depth", data=rng.random((5, 8, 8, 1)))
        file["mask/train"] = np.array([b"demo_0", b"demo_2", b"demo_3"])
        file["mask/valid"] = np.array([b"demo_1"])
        file["mask/50_percent"] = np.array(["demo_0", "demo_1"], dtype=object)
    return path


@pytest.fixture
def file(tmp_path):
    return write(tmp_path / "image.hdf5", env_args())


def test_images_are_read_when_they_are_asked_for(file):
    read = Demonstrations.load(file, ("robot0_eef_pos", "agentview_image", "agentview_depth"))
    image = read.trajectories[0].observations["agentview_image"]
    assert image.shape == (5, 8, 8, 3)
    assert image.dtype == np.uint8
    with h5py.File(file) as opened:
        np.testing.assert_array_equal(image, opened["data/demo_0/obs/agentview_image"][()])
    assert read.observation_dims == {
        "robot0_eef_pos": 3,
        "agentview_image": 192,
        "agentview_depth": 64,
    }


def test_images_are_not_taken_unasked(file):
    assert Demonstrations.load(file).observation_keys == ("robot0_eef_pos", "object")


def test_images_cannot_be_imitated(file):
    read = Demonstrations.load(file, ("agentview_image",))
    with pytest.raises(
        DemonstrationError,
        match=r"must be state vectors .* Got: agentview_image of shape \(5, 8, 8, 3\)\. Choose",
    ):
        pretrain(read, PretrainConfig(steps=1), progress=False)


@pytest.mark.parametrize(("mask", "episodes"), [("train", 3), ("valid", 1), ("50_percent", 2)])
def test_filter_keys_choose_episodes(file, mask, episodes):
    assert len(Demonstrations.load(file, mask=mask).trajectories) == episodes


def test_a_filter_key_that_names_nothing_of_the_file_is_refused(file):
    with h5py.File(file, "a") as opened:
        opened["mask/empty"] = np.array([b"demo_9"])
    with pytest.raises(DemonstrationError, match=r"mask/empty must name episodes.*\['demo_9'\]"):
        Demonstrations.load(file, mask="empty")


def test_absolute_actions_are_read_on_request(file):
    relative = Demonstrations.load(file).trajectories[0].actions
    absolute = Demonstrations.load(file, actions="actions_abs").trajectories[0].actions
    np.testing.assert_allclose(absolute, relative + 10, rtol=1e-6)
    with pytest.raises(DemonstrationError, match="demo_0 must have 'actions_xyz'"):
        Demonstrations.load(file, actions="actions_xyz")


def test_sparse_rewards_tell_success(file):
    read = Demonstrations.load(file)
    assert [t.success for t in read.trajectories] == [False, True, False, True]


def test_dense_rewards_do_not(tmp_path):
    args = env_args()
    args["env_kwargs"]["reward_shaping"] = True
    read = Demonstrations.load(write(tmp_path / "d.hdf5", args))
    assert [t.success for t in read.trajectories] == [None] * 4


def test_what_is_saved_keeps_success_and_lists_it(file, tmp_path):
    Demonstrations.load(file).save(tmp_path / "copy.hdf5")
    read = Demonstrations.load(tmp_path / "copy.hdf5", mask="success")
    assert [t.success for t in read.trajectories] == [True, True]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.hdf5", "image.hdf5"]


@pytest.mark.parametrize("version", ["1.4.1", None])
def test_an_old_robosuites_file_is_refused_with_what_differs(tmp_path, version):
    path = write(tmp_path / "old.hdf5", env_args(version=version))
    said = "recorded with robosuite .*gripper_to_cube_pos points the other way.*--old-robosuite"
    with pytest.raises(DemonstrationError, match=said):
        Demonstrations.load(path)
    assert len(Demonstrations.load(path, old_robosuite="keep").trajectories) == 4


def test_lifts_object_is_converted_as_robosuite_1_5_orders_it(tmp_path):
    path = write(tmp_path / "old.hdf5", env_args(version="1.4.1"))
    before, after = (
        Demonstrations.load(path, old_robosuite=how).trajectories[0] for how in ("keep", "convert")
    )
    old, new = before.observations["object"], after.observations["object"]
    np.testing.assert_array_equal(new[:, :7], old[:, :7])
    np.testing.assert_array_equal(new[:, 7:], -old[:, 7:])
    np.testing.assert_array_equal(after.actions, before.actions)


def test_a_converted_file_is_one_of_robosuite_1_5_and_says_where_it_comes_from(tmp_path):
    old = env_args(version="1.4.1")
    read = Demonstrations.load(write(tmp_path / "old.hdf5", old), old_robosuite="convert")
    read.save(tmp_path / "new.hdf5")
    again = Demonstrations.load(tmp_path / "new.hdf5")
    assert again.env_args["env_version"] == "1.5"
    assert again.env_args["converted_from"] == old


@pytest.mark.parametrize("task", ["PickPlaceCan", "NutAssemblySquare"])
def test_relative_poses_come_first_in_1_5(tmp_path, task):
    path = write(tmp_path / "old.hdf5", env_args(task, "1.4.1"), sizes=(("object", 14), ("x", 1)))
    old, new = (
        Demonstrations.load(path, ("object",), old_robosuite=how).trajectories[0]
        for how in ("keep", "convert")
    )
    expected = np.roll(old.observations["object"], 7, axis=1)
    np.testing.assert_array_equal(new.observations["object"], expected)


def test_two_facing_robots_actions_are_turned_into_their_bases_frames(tmp_path):
    args = env_args("TwoArmTransport", "1.4.1", robots=("Panda", "Panda"))
    path = write(tmp_path / "old.hdf5", args, sizes=(("object", 41),), actions=14)
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
    Demonstrations.load(write(tmp_path / "one.hdf5", one))
    two = env_args("TwoArmTransport", robots=("Panda", "Panda"), input_ref_frame="world")
    path = write(tmp_path / "two.hdf5", two, sizes=(("object", 41),), actions=14)
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
        Demonstrations.load(write(tmp_path / "old.hdf5", args), old_robosuite="convert")


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


def test_the_contents_hash_does_not_depend_on_the_layout(file, tmp_path):
    with h5py.File(file) as old, h5py.File(tmp_path / "other.hdf5", "w", libver="latest") as new:
        for name in sorted(old["data"], reverse=True):
            for key in ("actions_abs", "dones", "rewards", "actions", *old[f"data/{name}/obs"]):
                key = key if key in old[f"data/{name}"] else f"obs/{key}"
                values = old[f"data/{name}/{key}"][()]
                new.create_dataset(f"data/{name}/{key}", data=values, chunks=True, shuffle=True)
        new["data"].attrs["remark"] = "a copy"
    assert content_hash(tmp_path / "other.hdf5") == content_hash(file)


def test_the_contents_hash_sees_one_number(file):
    before = content_hash(file)
    with h5py.File(file, "a") as opened:
        opened["data/demo_3/obs/object"][4, 9] += 1e-9
    assert content_hash(file) != before


def test_a_changed_file_is_told_from_the_one_that_was_sealed(file, tmp_path):
    copy = tmp_path / "copy.hdf5"
    Demonstrations.load(file).save(copy)
    assert verify_content(copy) == content_hash(copy)
    with h5py.File(copy, "a") as opened:
        opened["data/demo_0/actions"][0, 0] += 1
    with pytest.raises(DemonstrationError, match=r"must hold the arrays it was sealed with"):
        verify_content(copy)
    with pytest.raises(DemonstrationError, match=r"must state its content's sha256\. Got: none"):
        verify_content(file)
