"""Episodes are appended one at a time, and what was written stays readable."""

import json
import subprocess
import sys

import h5py
import pytest

from policies.demonstrations import Demonstrations, DemonstrationWriter, content_hash
from policies.errors import DemonstrationError
from tests.helpers.demonstrations import episode


def test_a_writer_continues_its_file(tmp_path):
    for seed in range(2):
        with DemonstrationWriter(tmp_path / "d.hdf5", {"env_name": "Toy"}, ("arm",)) as writer:
            writer.append(episode(seed=seed))
    assert len(Demonstrations.load(tmp_path / "d.hdf5").trajectories) == 2


def test_a_writer_refuses_another_environments_file(tmp_path):
    DemonstrationWriter(tmp_path / "d.hdf5", {"env_name": "Toy"}, ("arm",)).close()
    with pytest.raises(DemonstrationError, match=r"already holds episodes with env_args .*Other"):
        DemonstrationWriter(tmp_path / "d.hdf5", {"env_name": "Other"}, ("arm",))


def test_written_episodes_survive_a_killed_writer(tmp_path):
    path = tmp_path / "d.hdf5"
    code = f"""
import os
import numpy as np
from policies.demonstrations import DemonstrationWriter, Trajectory
from tests.helpers.demonstrations import episode
writer = DemonstrationWriter({str(path)!r}, {{}}, ["x"])
writer.append(Trajectory({{"x": np.zeros((2, 1))}}, np.ones((2, 1)), np.zeros(2), np.zeros(2)))
os._exit(9)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    assert len(Demonstrations.load(path).trajectories) == 1


def test_an_episode_without_a_key_is_not_written(tmp_path):
    message = r"must have the keys \['camera'\]. Got: \['arm', 'object'\]"
    with (
        DemonstrationWriter(tmp_path / "d.hdf5", {}, ("camera",)) as writer,
        pytest.raises(DemonstrationError, match=message),
    ):
        writer.append(episode())


def test_what_was_left_of_an_unfinished_episode_is_none(tmp_path):
    path = tmp_path / "d.hdf5"
    with DemonstrationWriter(path, {}, ("arm",)) as writer:
        writer.append(episode(3))
    with h5py.File(path, "a") as file:
        file["data/unfinished/actions"] = [[1.0]]
    assert len(Demonstrations.load(path).trajectories) == 1
    with DemonstrationWriter(path, {}, ("arm",)) as writer:
        writer.append(episode(5))
    with h5py.File(path) as file:
        assert sorted(file["data"]) == ["demo_0", "demo_1"]
        assert file["data"].attrs["total"] == 8


def test_a_seal_lists_outcomes_states_the_hash_and_keeps_remarks_as_json(tmp_path):
    path = tmp_path / "d.hdf5"
    with DemonstrationWriter(path, {}, ("arm",)) as writer:
        for success in (False, True, None, False):
            writer.append(episode(success=success), seed=7)
        writer.seal(versions={"python": "3"})
    with h5py.File(path) as file:
        assert file["mask/success"][()].tolist() == [b"demo_1"]
        assert file["mask/failure"][()].tolist() == [b"demo_0", b"demo_3"]
        assert json.loads(file["data"].attrs["versions"]) == {"python": "3"}
        assert file["data/demo_2"].attrs["seed"] == 7
        assert file["data"].attrs["sha256"] == content_hash(path)


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DemonstrationError, match=r"cannot write demonstrations to .*file/d\.hdf5"):
        DemonstrationWriter(tmp_path / "file" / "d.hdf5", {}, ("arm",))
