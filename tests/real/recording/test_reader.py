"""A recorded episode is read as it was."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
import pytest

from policies.demonstrations import Demonstrations, content_hash
from policies.demonstrations.summary import summarise
from policies.demonstrations.trajectory import Trajectory
from policies.demonstrations.writer import DemonstrationWriter
from policies.errors import DemonstrationError, ZprlError
from real.drivers.ideal import IdealRobot
from real.env import RealRobotEnv
from real.recording.reader import read_recorded
from real.recording.writer import EpisodeRecorder
from real.robot import RobotCommand
from real.tasks.files import load_preset
from tests.helpers.damage import corrupt

PRESET = load_preset("place-orange")


def test_an_episode_is_read_as_it_was(recording):
    episode, number, total = read_recorded(recording, 0)
    assert (number, total, episode.outcome, len(episode.rewards)) == (0, 2, "abort", 4)
    assert episode.preset == PRESET
    assert episode.frames["front"].shape == (4, 64, 64, 3)
    assert {"python", "numpy"} <= {*episode.provenance}
    assert len(episode.infos) == 4


def test_episodes_count_from_the_end_too(recording):
    last, number, _ = read_recorded(recording)
    assert (number, last.outcome, last.rewards.tolist()) == (1, "success", [0, 0, 0, 0, 1])
    assert read_recorded(recording, -2)[1] == 0


def test_time_begins_with_the_first_command_and_passes_at_the_control_rate(recording):
    episode, _, _ = read_recorded(recording, 0)
    np.testing.assert_allclose(episode.time, np.arange(8) / PRESET.control_rate, atol=1e-9)
    assert episode.step.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


def test_commands_are_what_an_ideal_robot_measures(recording):
    episode, _, _ = read_recorded(recording, 0)
    for tick in range(8):
        command = episode.command(tick)
        assert isinstance(command, RobotCommand)
        assert command.position.shape == (1, 3)
        np.testing.assert_allclose(command.position, episode.measured["position"][tick])
        np.testing.assert_allclose(command.gripper, episode.measured["gripper"][tick])


def test_a_command_that_was_not_sent_is_none(tmp_path):
    robot = IdealRobot(PRESET)
    recorder = EpisodeRecorder(tmp_path / "demo.hdf5")
    env = RealRobotEnv(PRESET, driver=robot, recorder=recorder)
    env.reset(seed=0)
    env.step(np.zeros(8))
    robot.fault = "rejecting"
    env.step(np.zeros(8))
    env.close()
    episode, _, _ = read_recorded(recorder.path)
    assert [episode.command(tick) is None for tick in range(len(episode.time))] == [
        *[False] * PRESET.ticks,
        True,
    ]


@pytest.mark.parametrize("episode", [7, 2, -3])
def test_an_episode_that_is_not_there_is_named(episode, recording):
    with pytest.raises(DemonstrationError, match=f"has episodes 0 to 1. Got: {episode}"):
        read_recorded(recording, episode)


def test_a_file_that_is_no_recording_is_named(tmp_path):
    path = tmp_path / "notes.hdf5"
    with pytest.raises(DemonstrationError, match=r"notes\.hdf5 must be a recording: "):
        read_recorded(path)
    path.write_text("not HDF5")
    with pytest.raises(DemonstrationError, match=r"notes\.hdf5 must be a recording: "):
        read_recorded(path)


@pytest.fixture
def copied(recording, tmp_path):
    """The recording's index, as somebody copies it who knows of one file only."""
    return Path(shutil.copy(recording, tmp_path / "demo.hdf5"))


@pytest.mark.parametrize("read", [read_recorded, Demonstrations.load, content_hash, summarise])
def test_a_recording_without_its_folder_says_what_is_missing_and_what_to_do(copied, read):
    said = r"demo\.episodes is missing\. Copy that folder.*python -m policies\.convert demo\.hdf5"
    with pytest.raises(DemonstrationError, match=said):
        read(str(copied))


def test_one_missing_episode_is_named_and_can_be_skipped(copied, recording):
    folder = recording.with_suffix(".episodes")
    shutil.copytree(folder, copied.with_suffix(".episodes"))
    (copied.with_suffix(".episodes") / "000000.hdf5").unlink()
    with pytest.raises(DemonstrationError, match=r"000000\.hdf5 is missing.*--skip-bad"):
        Demonstrations.load(copied)
    assert len(Demonstrations.load(copied, skip_bad=True).trajectories) == 1
    assert read_recorded(copied)[1] == 1  # the last one is there


def test_a_recording_is_read_from_any_folder_under_any_name(recording, tmp_path, monkeypatch):
    shutil.copytree(recording.with_suffix(".episodes"), tmp_path / "demo.episodes")
    shutil.copy(recording, tmp_path / "renamed.hdf5")
    monkeypatch.chdir(tmp_path.parent)
    assert len(Demonstrations.load(tmp_path / "renamed.hdf5").trajectories) == 2


@pytest.mark.parametrize("name", ["ticks/stamp", "ticks/step", "info", "ticks/commanded/position"])
def test_what_a_recording_lacks_is_named(copied, recording, name):
    shutil.copytree(recording.with_suffix(".episodes"), copied.with_suffix(".episodes"))
    with h5py.File(copied.with_suffix(".episodes") / "000001.hdf5", "a") as file:
        del file[f"data/demo_0/{name}"]
    with pytest.raises(DemonstrationError, match=f"demo.hdf5 must be a recording: .*{name}"):
        read_recorded(copied)


@pytest.mark.parametrize("seed", range(20))
def test_a_corrupted_recording_is_read_or_refused(copied, recording, seed):
    shutil.copytree(recording.with_suffix(".episodes"), copied.with_suffix(".episodes"))
    victim = copied.with_suffix(".episodes") / "000001.hdf5" if seed % 2 else copied
    victim.write_bytes(corrupt(victim.read_bytes(), seed))
    for read in (read_recorded, Demonstrations.load, content_hash):
        with suppress(ZprlError):  # anything else is a raw traceback
            read(copied)


def test_other_demonstrations_are_told_where_they_are_read(tmp_path):
    path = tmp_path / "lift.hdf5"
    episode = Trajectory({"x": np.zeros((2, 1))}, np.ones((2, 1)), np.zeros(2), np.zeros(2))
    with DemonstrationWriter(path, {"env_name": "Lift"}, ["x"]) as writer:
        writer.append(episode)
    with pytest.raises(DemonstrationError, match=r"of a robot.*Try python -m policies\.inspect"):
        read_recorded(path)
