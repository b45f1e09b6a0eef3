"""A recorded episode is read as it was."""

from __future__ import annotations

import numpy as np
import pytest

from policies.demonstrations.trajectory import Trajectory
from policies.demonstrations.writer import DemonstrationWriter
from policies.errors import DemonstrationError
from real.drivers.ideal import IdealRobot
from real.env import RealRobotEnv
from real.recording.reader import read_recorded
from real.recording.writer import EpisodeRecorder
from real.tasks.files import load_preset

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
        assert command is not None
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


def test_other_demonstrations_are_told_where_they_are_read(tmp_path):
    path = tmp_path / "lift.hdf5"
    episode = Trajectory({"x": np.zeros((2, 1))}, np.ones((2, 1)), np.zeros(2), np.zeros(2))
    with DemonstrationWriter(path, {"env_name": "Lift"}, ["x"]) as writer:
        writer.append(episode)
    with pytest.raises(DemonstrationError, match=r"of a robot.*Try python -m policies\.inspect"):
        read_recorded(path)
