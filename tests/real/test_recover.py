"""What a killed process has written becomes episodes, on request."""

from __future__ import annotations

import shutil

import h5py
import pytest

from policies.demonstrations import Demonstrations
from real.env import RealRobotEnv
from real.operators import Event, ScriptedOperator
from real.recording.writer import EpisodeRecorder, RecordingError
from real.recover import Recover, recover


def test_a_journal_that_was_left_becomes_an_episode_and_is_told(tmp_path, capsys):
    recorder = EpisodeRecorder(tmp_path / "day.hdf5")
    env = RealRobotEnv("place-orange", driver="ideal", recorder=recorder)
    env.reset(seed=0)
    for _ in range(3):
        env.step(env.action_space.sample())
    while recorder._queue.qsize():
        pass
    killed = tmp_path / "killed"
    shutil.copytree(tmp_path / "day.episodes", killed / "day.episodes")  # as a kill leaves it
    env.close()
    assert recover(Recover(killed / "day.hdf5")) == 1
    said = capsys.readouterr().out
    assert "recovered an episode" in said
    assert "steps, cut off" in said
    assert len(Demonstrations.load(killed / "day.hdf5").trajectories) == 1
    assert recover(Recover(killed / "day.hdf5")) == 1  # again, nothing changes


def test_what_is_no_recording_is_named(tmp_path):
    with pytest.raises(RecordingError, match=r"must have its folder of episodes, .*none\.episodes"):
        recover(Recover(tmp_path / "none.hdf5"))


def test_outcomes_are_masks_verdicts_can_be_taken_back_and_what_was_executed_is_kept(tmp_path):
    operator = ScriptedOperator()
    recorder = EpisodeRecorder(tmp_path / "day.hdf5")
    env = RealRobotEnv("place-orange", driver="ideal", recorder=recorder, operator=operator)
    outcomes = []
    for said, later in (
        (Event.SUCCESS, None),
        (Event.SUCCESS, Event.FAILURE),  # a mistake
        (Event.FAILURE, Event.TAKE_BACK),
        (Event.STOP, None),
        (Event.FAILURE, Event.SUCCESS),
    ):
        env.reset()
        env.step(env.action_space.sample())
        operator.say(said)
        *_, info = env.step(env.action_space.sample())
        if later is not None:
            operator.say(later)
        outcomes.append(info["outcome"])
    env.reset()
    env.close()
    told = [outcome["outcome"] for outcome in outcomes]
    assert told == ["success", "failure", "abort", "stop", "success"]
    assert outcomes[1]["before"] == "success"
    with h5py.File(recorder.path) as file:
        masks = {
            name: [one.decode() for one in listed[()]] for name, listed in file["mask"].items()
        }
        demo = file["data/demo_0"]
        assert demo["actions_executed"].shape == demo["actions"].shape
        assert abs(demo["actions_executed"][()] - demo["actions"][()]).max() > 0.1  # limits
    assert masks["success"] == ["demo_0", "demo_4"]
    assert masks["failure"] == ["demo_1"]
    assert masks["stop"] == ["demo_3"]
    assert masks["abort"] == ["demo_2"]
    assert masks["judged"] == ["demo_0", "demo_1", "demo_4"]
    assert len(Demonstrations.load(recorder.path, mask="success").trajectories) == 2
