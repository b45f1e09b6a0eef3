"""Finished episodes of a recording are on the disk, whatever happens to the rest."""

from __future__ import annotations

import resource

import numpy as np
import pytest

from policies.demonstrations import Demonstrations, Trajectory
from policies.errors import DemonstrationError
from zprl_env.experts.quality import Quality
from zprl_env.experts.recorded import Episode
from zprl_env.experts.unfinished import UnfinishedRecording

SETTINGS = {"episodes": 3, "env_args": {"env_name": "Toy"}, "observation_keys": ["x"]}


def episode(seed: int, *, success: bool = True) -> Episode:
    rng = np.random.default_rng(seed)
    seen = {"x": rng.normal(size=(4, 2)).astype(np.float32)}
    ends = np.arange(4) == 3
    trajectory = Trajectory(
        seen, rng.normal(size=(4, 1)).astype(np.float32), ends.astype(np.float32), ends, success
    )
    return Episode(seed, Quality(grasp_offset=(0.1, 0.2, 0.3)), trajectory, success)


def test_two_recordings_do_not_write_to_one_file(tmp_path):
    settings = {"episodes": 1, "env_args": {}, "observation_keys": ["x"]}
    with (
        UnfinishedRecording(tmp_path / "a.hdf5", settings),
        pytest.raises(DemonstrationError, match=r"another recording is writing to .*a\.hdf5"),
    ):
        UnfinishedRecording(tmp_path / "a.hdf5", settings)
    assert list(tmp_path.iterdir()) == []


def test_what_was_kept_is_found_by_whoever_goes_on(tmp_path):
    out = tmp_path / "a.hdf5"
    with UnfinishedRecording(out, SETTINGS) as begun:
        begun.add(2, episode(7, success=False))
    with UnfinishedRecording(out, SETTINGS) as again:
        (found,) = again.episodes().values()
        assert [*again.episodes()] == [2]
    assert (found.seed, found.success) == (7, False)
    assert found.quality == Quality(grasp_offset=(0.1, 0.2, 0.3))
    np.testing.assert_array_equal(found.trajectory.actions, episode(7).trajectory.actions)


def test_a_damaged_episode_counts_as_none(tmp_path):
    with UnfinishedRecording(tmp_path / "a.hdf5", SETTINGS) as begun:
        begun.add(0, episode(0))
        (begun.folder / "00001.hdf5").write_bytes(b"torn")
        assert [*begun.episodes()] == [0]


def test_other_settings_are_refused_with_what_differs(tmp_path):
    with UnfinishedRecording(tmp_path / "a.hdf5", SETTINGS) as begun:
        begun.add(0, episode(0))
    with pytest.raises(DemonstrationError, match=r"with episodes 3\. Got: episodes 4\. Go on with"):
        UnfinishedRecording(tmp_path / "a.hdf5", SETTINGS | {"episodes": 4})


def test_settings_that_were_cut_off_in_writing_are_written_again(tmp_path):
    folder = tmp_path / "a.hdf5.partial"
    folder.mkdir()
    (folder / "recording.json").write_text('{"episodes": ')
    with UnfinishedRecording(tmp_path / "a.hdf5", SETTINGS) as begun:
        assert begun.settings == SETTINGS
        begun.add(0, episode(0))
    with UnfinishedRecording(tmp_path / "a.hdf5", SETTINGS) as again:
        assert [*again.episodes()] == [0]


def test_a_folder_without_an_episode_goes_away_and_the_whole_file_appears_at_once(tmp_path):
    with UnfinishedRecording(tmp_path / "a.hdf5", SETTINGS):
        pass
    assert list(tmp_path.iterdir()) == []
    out = tmp_path / "b.hdf5"
    with UnfinishedRecording(out, SETTINGS) as begun:
        begun.write(out, [episode(0), episode(1, success=False)], recording={"seed": 0})
        begun.discard()
    assert [path.name for path in tmp_path.iterdir()] == ["b.hdf5"]
    assert [t.success for t in Demonstrations.load(out).trajectories] == [True, False]


def test_a_full_disk_is_said_and_episodes_are_kept_once_there_is_room(tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    said: list[str] = []
    with UnfinishedRecording(tmp_path / "a.hdf5", SETTINGS) as begun:
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, limits[1]))  # no file may be larger
            begun.keep(0, episode(1), said.append)
            begun.keep(1, episode(2), said.append)
            with pytest.raises(
                DemonstrationError, match=r"Expected to write .*00000\.hdf5\. Got: "
            ):
                begun.check()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert said[1].startswith("2 episodes are not kept yet and tried again later: Expected to")
        assert not [*begun.folder.glob("*.hdf5"), *begun.folder.glob("*.writing")]
        begun.keep(2, episode(3), said.append)
        begun.check()
        assert [*begun.episodes()] == [0, 1, 2]
        assert len(said) == 2
