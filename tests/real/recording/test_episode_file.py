"""A journal's records become a file of demonstrations, and files become one by an index."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest

from policies.checkpoints.output import package_version
from policies.demonstrations import Demonstrations
from policies.errors import DemonstrationError
from real.recording.episode_file import EpisodeEntry, read_entry, write_episode, write_index
from real.recording.journal import Record
from real.tasks.files import load_preset
from real.tasks.layout import ObservationLayout

PRESET = load_preset("place-orange")
SIZE = ObservationLayout(PRESET).size
BEGIN = Record(
    {
        "kind": "begin",
        "preset": PRESET.model_dump(mode="json"),
        "info": {"seed": 5},
        "date": "2030-01-02T03:04:05+00:00",
        "provenance": {"policy_sha256": "abc"},
    },
    {"observation": np.zeros(SIZE, np.float32)},
)


def step(number, ticks=2, **more):
    """A step after which everything observed is the number of steps."""
    remarks = {"kind": "step", "reward": 0.5 * number, "terminated": False, "truncated": False}
    arrays = {
        "action": np.full(8, number / 10),
        "observation": np.full(SIZE, number, np.float32),
        "ticks/stamp": number + np.arange(ticks) / 60,
        "ticks/commanded/position": np.full((ticks, 1, 3), number),
    }
    return Record({**remarks, "info": {"step": number}}, {**arrays, **more})


def end(outcome):
    return Record({"kind": "end", "outcome": outcome}, {})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "000000.hdf5"


def test_each_action_stands_beside_what_was_seen_before_it(path):
    entry = write_episode([BEGIN, step(1), step(2), step(3), end("success")], path)
    assert entry == EpisodeEntry(path, 3, "success")
    (trajectory,) = Demonstrations.load(path).trajectories
    seen = trajectory.flat_observations([*ObservationLayout(PRESET).keys])
    np.testing.assert_array_equal(seen, np.repeat([[0], [1], [2]], SIZE, axis=1))
    np.testing.assert_allclose(trajectory.actions[:, 0], [0.1, 0.2, 0.3])
    np.testing.assert_allclose(trajectory.rewards, [0.5, 1.0, 1.5])


@pytest.mark.parametrize(
    ("outcome", "success"),
    [("success", True), ("failure", False), ("time limit", False), ("abort", None), ("stop", None)],
)
def test_an_outcome_says_as_much_of_the_task_as_it_can(outcome, success, path):
    write_episode([BEGIN, step(1), end(outcome)], path)
    assert Demonstrations.load(path).trajectories[0].success is success
    assert read_entry(path) == EpisodeEntry(path, 1, outcome)


def test_an_episode_without_an_end_was_cut_off(path):
    entry = write_episode([BEGIN, step(1), step(2)], path)
    assert entry == EpisodeEntry(path, 2, "cut off")


def test_an_episode_without_a_step_is_none(path):
    assert write_episode([BEGIN], path) is None
    assert write_episode([BEGIN, end("abort")], path) is None
    assert not path.exists()


def test_the_preset_the_seed_and_where_it_comes_from_are_written_on_it(path):
    write_episode([BEGIN, step(1), end("success")], path)
    with h5py.File(path) as file:
        env_args = json.loads(file["data"].attrs["env_args"])
        assert (env_args["env_name"], env_args["type"]) == ("place-orange", "real")
        assert env_args["env_kwargs"]["preset"] == BEGIN.remarks["preset"]
        assert file["data"].attrs["zprl_env_version"] == package_version()
        attributes = file["data/demo_0"].attrs
        assert (attributes["seed"], attributes["date"]) == (5, "2030-01-02T03:04:05+00:00")
        assert json.loads(attributes["provenance"]) == {"policy_sha256": "abc"}


def test_control_periods_of_all_steps_follow_one_another(path):
    write_episode([BEGIN, step(1), step(2, ticks=3), step(3, ticks=1)], path)
    with h5py.File(path) as file:
        episode = file["data/demo_0"]
        assert episode["ticks/step"][()].tolist() == [0, 0, 1, 1, 1, 2]
        assert episode["ticks/commanded/position"][:, 0, 0].tolist() == [1, 1, 2, 2, 2, 3]
        np.testing.assert_allclose(np.diff(episode["ticks/stamp"][()])[[0, 2, 3]], 1 / 60)
        assert [json.loads(info)["step"] for info in episode["info"].asstr()] == [1, 2, 3]


def test_a_picture_that_was_not_taken_is_black(path):
    picture = {"frames/front": np.full((4, 6, 3), 200, np.uint8)}
    write_episode([BEGIN, step(1, **picture), step(2), step(3, **picture)], path)
    with h5py.File(path) as file:
        frames = file["data/demo_0/frames/front"]
        assert (frames.shape, frames.dtype) == ((3, 4, 6, 3), np.uint8)
        assert frames[:, 0, 0, 0].tolist() == [200, 0, 200]


def test_what_a_crash_left_is_written_over_and_nothing_unfinished_stays(path):
    path.with_suffix(".partial").write_bytes(b"half of something")
    write_episode([BEGIN, step(1)], path)
    assert [found.name for found in path.parent.iterdir()] == [path.name]


def test_a_file_that_is_no_episode_is_named(path):
    with pytest.raises(DemonstrationError, match=r"000000\.hdf5 must be a recorded episode: "):
        read_entry(path)
    path.write_bytes(b"something else")
    with pytest.raises(DemonstrationError, match="must be a recorded episode"):
        read_entry(path)
    with h5py.File(path, "w") as file:
        file.create_group("data/demo_0")
    with pytest.raises(DemonstrationError, match=r"must be a recorded episode.*num_samples"):
        read_entry(path)


def test_an_index_shows_all_episodes_as_one_file_and_copies_none(tmp_path):
    folder = tmp_path / "demo.episodes"
    folder.mkdir()
    entries = []
    for number, outcome in enumerate(("success", "abort", "time limit", "success")):
        records = [BEGIN, *[step(i) for i in range(1, number + 2)], end(outcome)]
        entry = write_episode(records, folder / f"{number:06d}.hdf5")
        assert entry is not None
        entries.append(entry)
    index = tmp_path / "demo.hdf5"
    for shown in (entries[:2], entries):  # the second takes the first one's place
        write_index(index, shown)
        assert [len(t) for t in Demonstrations.load(index).trajectories] == [1, 2, 3, 4][
            : len(shown)
        ]
    with h5py.File(index) as file:
        assert file["data"].attrs["total"] == 10
        assert file["data"].attrs["zprl_env_version"] == package_version()
        assert file["mask/success"][()].tolist() == [b"demo_0", b"demo_3"]
        assert file["mask/failure"][()].tolist() == [b"demo_2"]
        link = file["data"].get("demo_3", getlink=True)
        assert (link.filename, link.path) == ("demo.episodes/000003.hdf5", "/data/demo_0")
    assert sorted(found.name for found in tmp_path.iterdir()) == ["demo.episodes", "demo.hdf5"]
