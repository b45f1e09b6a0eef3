"""Several recorders are told the same, each as much as it can be told."""

from __future__ import annotations

import numpy as np

from real.env import RealRobotEnv
from real.operators import Event, ScriptedOperator
from real.recording import EpisodeRecorder
from real.recording.several import Recorders, together


class Planned:
    """A recorder that is told plans, and of no pictures."""

    def __init__(self):
        self.told = []

    def begin(self, preset, observation, state, info):
        self.told.append("begin")

    def note_plan(self, actions):
        self.told.append(actions.shape)

    def add(self, step):
        self.told.append("step")

    def end(self, outcome):
        self.told.append(outcome)

    def close(self):
        self.told.append("close")


def test_one_recorder_is_itself_and_none_is_none():
    one = Planned()
    assert together(None, one) is one
    assert together(None, None) is None
    assert isinstance(together(one, Planned()), Recorders)


def test_each_is_told_what_it_can_be_told(tmp_path):
    planned, written = Planned(), EpisodeRecorder(tmp_path / "a.hdf5", say=lambda text: None)
    operator = ScriptedOperator()
    env = RealRobotEnv(
        "place-orange",
        driver="ideal",
        operator=operator,
        recorder=together(written, planned),
        images=True,
    )
    env.reset(seed=0)
    env.note_plan(np.zeros((8, 8)))
    operator.say(Event.SUCCESS)
    env.step(env.action_space.sample())
    operator.say(Event.FAILURE)
    env.reset()
    env.close()
    assert planned.told == ["begin", (8, 8), "step", "success", "begin", "abort", "close"]
    assert [entry.outcome for entry in written.entries] == ["failure"]
    assert isinstance(env.recorder, Recorders)
    assert env.recorder.entries == written.entries
