import json

import h5py
import numpy as np
import pytest

from policies.demonstrations import Demonstrations
from policies.errors import DemonstrationError
from tests.helpers.demonstrations import episode


def robomimic_file(path, episodes=12):
    """What robomimic writes: float64, integer dones, more keys than needed, filter keys."""
    rng = np.random.default_rng(0)
    with h5py.File(path, "w") as file:
        data = file.create_group("data")
        data.attrs["total"] = 4 * episodes
        data.attrs["env_args"] = json.dumps({"env_name": "Lift", "type": 1, "env_kwargs": {}})
        for i in range(episodes):
            group = data.create_group(f"demo_{i}")
            group.attrs["num_samples"] = 4
            group.attrs["model_file"] = "<mujoco/>"
            group["states"] = rng.normal(size=(4, 32))
            group["actions"] = np.full((4, 7), float(i))
            group["rewards"] = np.zeros(4)
            group["dones"] = np.array([0, 0, 0, 1])
            for kind in ("obs", "next_obs"):
                for key, size in (
                    ("object", 10),
                    ("robot0_eef_pos", 3),
                    ("robot0_eef_quat", 4),
                    ("robot0_gripper_qpos", 2),
                    ("robot0_joint_pos", 7),
                ):
                    group[f"{kind}/{key}"] = rng.normal(size=(4, size))
                group[f"{kind}/agentview_image"] = np.zeros((4, 8, 8, 3), dtype=np.uint8)
        file["mask/train"] = np.array([b"demo_0", b"demo_10"])
    return path


def test_demonstrations_come_back_as_written(tmp_path):
    written = Demonstrations(
        (episode(3, 0), episode(5, 1)), {"env_name": "Toy", "type": 1}, ("object", "arm")
    )
    written.save(tmp_path / "demo.hdf5")
    read = Demonstrations.load(tmp_path / "demo.hdf5")
    assert read.env_args == written.env_args
    assert read.observation_keys == ("object", "arm")
    assert read.observation_dims == {"object": 4, "arm": 2}
    for before, after in zip(written.trajectories, read.trajectories, strict=True):
        for name in ("actions", "rewards", "dones"):
            np.testing.assert_array_equal(getattr(before, name), getattr(after, name))
        for key in written.observation_keys:
            np.testing.assert_array_equal(before.observations[key], after.observations[key])


def test_the_file_has_robomimics_layout(tmp_path):
    Demonstrations((episode(3), episode(5)), {"env_name": "Toy"}, ("arm",)).save(tmp_path / "d.h5")
    with h5py.File(tmp_path / "d.h5") as file:
        assert json.loads(file["data"].attrs["env_args"]) == {"env_name": "Toy"}
        assert file["data"].attrs["total"] == 8
        assert sorted(file["data"]) == ["demo_0", "demo_1"]
        assert file["data/demo_1"].attrs["num_samples"] == 5
        assert sorted(file["data/demo_1"]) == ["actions", "dones", "obs", "rewards"]
        assert file["data/demo_1/obs/arm"].shape == (5, 2)


def test_a_robomimic_file_loads_with_its_usual_state_keys(tmp_path):
    read = Demonstrations.load(robomimic_file(tmp_path / "low_dim.hdf5"))
    usual = ("robot0_eef_pos", "robot0_eef_quat", "robot0_gripper_qpos", "object")
    assert read.observation_keys == usual
    assert read.env_args["env_name"] == "Lift"
    assert read.trajectories[0].dones.tolist() == [False, False, False, True]
    assert read.trajectories[0].flat_observations(usual).shape == (4, 19)
    assert read.trajectories[0].flat_observations(usual).dtype == np.float32


def test_episodes_are_ordered_by_number_not_by_name(tmp_path):
    read = Demonstrations.load(robomimic_file(tmp_path / "d.hdf5"))
    assert [t.actions[0, 0] for t in read.trajectories] == list(range(12))


def test_a_filter_key_chooses_episodes(tmp_path):
    read = Demonstrations.load(robomimic_file(tmp_path / "d.hdf5"), mask="train")
    assert [t.actions[0, 0] for t in read.trajectories] == [0, 10]
    with pytest.raises(DemonstrationError, match=r"must be a list mask/test. Got: \['train'\]"):
        Demonstrations.load(tmp_path / "d.hdf5", mask="test")


def test_chosen_keys_make_the_flat_observation_in_their_order(tmp_path):
    keys = ("robot0_joint_pos", "object")
    read = Demonstrations.load(robomimic_file(tmp_path / "d.hdf5"), keys)
    flat = read.trajectories[0].flat_observations(keys)
    np.testing.assert_array_equal(flat[:, :7], read.trajectories[0].observations[keys[0]])


def test_without_usual_keys_all_vectors_are_taken_by_name(tmp_path):
    with h5py.File(tmp_path / "d.hdf5", "w") as file:
        file["data/demo_0/actions"] = np.zeros((2, 1))
        file["data/demo_0/obs/b"] = np.zeros((2, 1))
        file["data/demo_0/obs/a"] = np.zeros((2, 3))
        file["data/demo_0/obs/image"] = np.zeros((2, 4, 4, 3))
    read = Demonstrations.load(tmp_path / "d.hdf5")
    assert read.observation_keys == ("a", "b")
    assert read.trajectories[0].rewards.tolist() == [0.0, 0.0]
    assert read.env_args == {}


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DemonstrationError, match=r"Got no file at .*absent\.hdf5"):
        Demonstrations.load(tmp_path / "absent.hdf5")


def test_a_file_that_is_not_hdf5_is_refused(tmp_path):
    (tmp_path / "d.hdf5").write_bytes(b"not HDF5")
    with pytest.raises(DemonstrationError, match="must be a complete HDF5 file"):
        Demonstrations.load(tmp_path / "d.hdf5")


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        ({"other": 1}, r"there must be a group 'data'. Got: \['other'\]"),
        ({"data/x": 1}, r"there must be episodes data/demo_0, ... Got: \['x'\]"),
        ({"data/demo_0/states": [1]}, "demo_0 must have a group 'obs'.* dataset_states_to_obs.py"),
        ({"data/demo_0/obs/x": [[1.0]]}, r"demo_0 must have 'actions'. Got: \['obs'\]"),
        (
            {"data/demo_0/obs/x": [[1.0]], "data/demo_0/actions": [[1.0], [2.0]]},
            r"demo_0: x must have shape \(2, k\), or \(2, H, W, C\) .* Got: \(1, 1\)",
        ),
        (
            {"data/demo_0/obs/x": [[np.nan]], "data/demo_0/actions": [[1.0]]},
            "demo_0: x must be finite",
        ),
    ],
)
def test_what_imitation_lacks_is_said(tmp_path, contents, message):
    with h5py.File(tmp_path / "d.hdf5", "w") as file:
        for name, value in contents.items():
            file[name] = value
    with pytest.raises(DemonstrationError, match=message):
        Demonstrations.load(tmp_path / "d.hdf5")


def test_unknown_keys_are_refused_with_those_there_are(tmp_path):
    path = robomimic_file(tmp_path / "d.hdf5")
    with pytest.raises(DemonstrationError, match=r"keys \['cube'\]. Got: \['agentview_image', "):
        Demonstrations.load(path, ("cube",))


def test_no_episodes_are_no_demonstrations():
    with pytest.raises(DemonstrationError, match="must hold at least one episode"):
        Demonstrations((), {}, ())


def test_episodes_of_different_sizes_are_refused():
    other = episode(actions=np.zeros((3, 5), dtype=np.float32))
    with pytest.raises(DemonstrationError, match="must have the same observation and action sizes"):
        Demonstrations((episode(), other), {}, ("arm",))


def spoil(file, change):
    """Replace the frames of one episode."""
    with h5py.File(file, "a") as opened:
        group = opened["data/demo_0/obs"]
        frames = change(group["top_image"][:])
        del group["top_image"]
        if frames is not None:
            group["top_image"] = frames


def test_frames_come_back_as_they_were_and_only_if_wanted(dots_seen, dots_file):
    assert Demonstrations.load(dots_file).cameras == ()
    read = Demonstrations.load(dots_file, cameras=("top",))
    assert read.picture_settings == dots_seen.picture_settings
    assert read.observation_keys == ("hand",)
    for one, two in zip(read.trajectories, dots_seen.trajectories, strict=True):
        assert np.array_equal(one.frames["top"][:], two.frames["top"])
    with h5py.File(dots_file) as opened:
        frames = opened["data/demo_0/obs/top_image"]
        assert (frames.chunks, frames.compression) == ((1, 36, 36, 3), "gzip")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: None, r"frames of camera top. Got: \[\]"),
        (lambda f: f[:-1], "camera top must have a frame for each of the 10 actions. Got: 9"),
        (lambda f: np.concatenate([f, f]), "for each of the 10 actions. Got: 20 frames"),
        (lambda f: f.astype(np.float32), "camera top must be uint8, 0 to 255. Got: float32"),
        (lambda f: f.astype(np.int64), "camera top must be uint8, 0 to 255. Got: int64"),
        (lambda f: np.moveaxis(f, -1, 1), "channels first. Move them last"),
        (lambda f: f[..., 0], r"must have the shape \(N, H, W, 3\). Got: \(10, 36, 36\)"),
        (lambda f: f[..., :1], "grey or depth"),
        (lambda f: f[:, :30], r"top's frames.*\(30, 36, 3\)"),
        (lambda f: 0 * f, "camera top is black or of one colour"),
        (lambda f: f[:1].repeat(10, axis=0), "camera top is frozen: the same picture"),
    ],
)
def test_bad_frames_are_refused_and_can_be_left_out(dots_file, change, message):
    spoil(dots_file, change)
    with pytest.raises(DemonstrationError, match=message):
        Demonstrations.load(dots_file, cameras=("top",))
    read = Demonstrations.load(dots_file, cameras=("top",), skip_bad=True)
    assert list(read.skipped) == ["demo_0"]
    assert len(read.trajectories) == 7
    assert len(Demonstrations.load(dots_file).trajectories) == 8  # states are as good as before


def test_an_unknown_camera_is_refused_with_those_there_are(dots_file, toy_file):
    with pytest.raises(DemonstrationError, match=r"frames of camera tops. Got: \['top'\]. Did you"):
        Demonstrations.load(dots_file, cameras=("tops",))


def test_where_objects_are_is_left_out_beside_pictures_unless_it_is_named(tmp_path):
    rng = np.random.default_rng(0)
    with h5py.File(tmp_path / "image.hdf5", "w") as file:  # as robomimic's own image files
        file.create_group("data").attrs["env_args"] = json.dumps({"type": 1, "env_name": "Lift"})
        group = file.create_group("data/demo_0")
        group["actions"] = rng.uniform(-1, 1, (6, 7))
        for key, size in (("robot0_eef_pos", 3), ("robot0_joint_pos", 7), ("object", 10)):
            group[f"obs/{key}"] = rng.normal(size=(6, size))
        for camera in ("agentview", "robot0_eye_in_hand"):
            group[f"obs/{camera}_image"] = rng.integers(0, 256, (6, 84, 84, 3), dtype=np.uint8)
    read = Demonstrations.load(tmp_path / "image.hdf5", cameras=())
    assert read.cameras == ("agentview", "robot0_eye_in_hand")
    assert read.observation_keys == ("robot0_eef_pos",)
    assert read.left_out["object"] == "where objects are; name it to show it"
    assert read.picture_settings is not None
    assert read.picture_settings.image_size == (84, 84)
    told = Demonstrations.load(tmp_path / "image.hdf5", ["object"], cameras=("agentview",))
    assert (told.observation_keys, told.cameras) == (("object",), ("agentview",))
    assert Demonstrations.load(tmp_path / "image.hdf5", [], cameras=()).observation_dims == {}


def test_settings_that_are_not_the_frames_are_refused(dots_file):
    with h5py.File(dots_file, "a") as opened:
        settings = json.loads(opened["data"].attrs["picture_settings"])
        opened["data"].attrs["picture_settings"] = json.dumps({**settings, "image_size": [84, 84]})
    with pytest.raises(DemonstrationError, match=r"as picture_settings say, \(84, 84\) of top"):
        Demonstrations.load(dots_file, cameras=())
    with h5py.File(dots_file, "a") as opened:
        opened["data"].attrs["picture_settings"] = "{}"
    with pytest.raises(DemonstrationError, match="picture_settings must be settings"):
        Demonstrations.load(dots_file, cameras=())
