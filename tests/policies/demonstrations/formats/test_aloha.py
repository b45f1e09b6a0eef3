"""ALOHA's files are read, one per episode, without their pictures."""

import h5py
import numpy as np
import pytest

from policies.demonstrations import Demonstrations, content_hash
from policies.demonstrations.summary import summarise
from policies.errors import DemonstrationError


def episode_file(path, steps, seed=0):
    rng = np.random.default_rng(seed)
    with h5py.File(path, "w") as file:
        file["observations/qpos"] = rng.normal(size=(steps, 14))
        file["observations/qvel"] = rng.normal(size=(steps, 14))
        file["observations/effort"] = rng.normal(size=(steps, 14))
        file["observations/images/top"] = np.zeros((steps, 8, 6, 3), np.uint8)
        file["observations/images/packed"] = np.zeros((steps, 99), np.uint8)
        file["action"] = rng.normal(size=(steps, 14))
        file["base_action"] = rng.normal(size=(steps, 2))
        file.attrs["sim"] = False
    return path


@pytest.fixture
def folder(tmp_path):
    for number in (0, 1, 2, 10):
        episode_file(tmp_path / f"episode_{number}.hdf5", 3 + number, number)
    (tmp_path / "notes.txt").write_text("not an episode")
    return tmp_path


def test_a_folder_is_read_by_number(folder):
    read = Demonstrations.load(folder)
    assert [len(t) for t in read.trajectories] == [3, 4, 5, 13]
    assert read.observation_dims == {"qpos": 14, "qvel": 14, "effort": 14}
    assert read.trajectories[0].actions.shape == (3, 14)
    assert set(read.left_out) == {"images/top", "images/packed"}
    summary = summarise(str(folder))
    assert (summary.format, summary.episodes) == ("ALOHA's episode files", 4)
    assert summary.sha256 == content_hash(folder)


def test_one_file_is_one_episode(folder):
    read = Demonstrations.load(folder / "episode_2.hdf5", ("qpos",))
    assert [len(t) for t in read.trajectories] == [5]
    assert read.observation_keys == ("qpos",)


def test_other_actions_are_read_on_request(folder):
    assert Demonstrations.load(folder, actions="base_action").trajectories[0].actions.shape == (
        3,
        2,
    )


def test_one_damaged_file_is_named_and_can_be_skipped(folder):
    (folder / "episode_1.hdf5").write_bytes(b"no more")
    with pytest.raises(DemonstrationError, match=r"episode_1\.hdf5 must be a complete HDF5 file"):
        Demonstrations.load(folder)
    assert list(summarise(str(folder)).bad) == ["episode_1"]
    read = Demonstrations.load(folder, skip_bad=True)
    assert [len(t) for t in read.trajectories] == [3, 5, 13]


def test_a_folder_of_something_else_lists_what_is_read(tmp_path):
    (tmp_path / "a.txt").touch()
    with pytest.raises(DemonstrationError, match=r"Formats that are read: .*ALOHA's episode files"):
        Demonstrations.load(tmp_path)
